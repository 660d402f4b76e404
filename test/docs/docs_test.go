// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

const root = "../.."

// pages are the Markdown files of the repository, by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		content, err := os.ReadFile(path)
		out[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 5 || out[filepath.Join(root, "README.md")] == "" {
		t.Fatalf("found %d pages", len(out))
	}
	return out
}

var (
	target     = regexp.MustCompile(`(?m)^([a-z0-9-]+):.*## `)
	makeInText = regexp.MustCompile("(?m)(?:`|^    |\\$ )make ([a-z0-9-]+)")
	link       = regexp.MustCompile(`\]\(([^)#\s]+)`)
	annotation = regexp.MustCompile(`superset-operator\.dev/([a-z-]+)="?\$\(`)
)

func TestMakeTargetsExist(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, match := range target.FindAllStringSubmatch(string(makefile), -1) {
		known[match[1]] = true
	}
	named := map[string]bool{}
	for path, text := range pages(t) {
		for _, match := range makeInText.FindAllStringSubmatch(text, -1) {
			named[match[1]] = true
			if !known[match[1]] {
				t.Errorf("%s: make %s: there is no such target with a help line", path, match[1])
			}
		}
	}
	for _, first := range []string{"demo", "test", "e2e"} {
		if !named[first] {
			t.Errorf("no page names make %s", first)
		}
	}
}

func TestLinksResolve(t *testing.T) {
	for path, text := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), match[1])); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

// The tokens in the pages are tokens that the operator reads.
func TestTokensExist(t *testing.T) {
	for path, text := range pages(t) {
		for _, match := range annotation.FindAllStringSubmatch(text, -1) {
			switch "superset-operator.dev/" + match[1] {
			case v1alpha1.AnnotationRollback, v1alpha1.AnnotationApprove, v1alpha1.AnnotationRetry:
			default:
				t.Errorf("%s: the operator knows no token %s", path, match[1])
			}
		}
	}
}

// Each page of these folders is in their index.
func TestPagesAreListed(t *testing.T) {
	all := pages(t)
	for _, folder := range []string{"adr", "how-to", "explanation"} {
		list := all[filepath.Join(root, "docs", folder, "README.md")]
		for path := range all {
			if name := filepath.Base(path); filepath.Base(filepath.Dir(path)) == folder && name != "README.md" && !strings.Contains(list, "("+name+")") {
				t.Errorf("docs/%s/README.md does not list %s", folder, name)
			}
		}
	}
}

// Each line that the operator logs is in the reference, with its level.
func TestLogLinesAreListed(t *testing.T) {
	page := pages(t)[filepath.Join(root, "docs/reference/logs.md")]
	line := regexp.MustCompile(`(V\(1\)\.)?(Info|Error)\((?:err, )?"([^"]+)"`)
	listed := regexp.MustCompile("(?m)^\\| `([a-z][a-zA-Z ]+)` \\| (error|info|debug) \\|").FindAllStringSubmatch(page, -1)
	want := map[string]string{}
	for _, match := range listed {
		want[match[1]] = match[2]
	}
	got := map[string]string{}
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			if !strings.Contains(string(source), `"sigs.k8s.io/controller-runtime`) {
				return err
			}
			for _, match := range line.FindAllStringSubmatch(string(source), -1) {
				level := strings.ToLower(match[2])
				if match[1] != "" {
					level = "debug"
				}
				got[match[3]] = level
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) < 5 {
		t.Errorf("docs/reference/logs.md (-) and the code (+) differ:\n%s", diff)
	}
}
