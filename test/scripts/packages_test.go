// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"archive/zip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/packages"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// The environment of a release has no pip, as that of the official images: the one in the PATH
// resolves and installs for it. Preflight, which needs the package, runs with it and reports it. A
// package that is not for this release is refused with the version that the release has.
func TestPackages(t *testing.T) {
	for _, r := range []release{v414, v600} {
		t.Run(r.version, func(t *testing.T) {
			t.Parallel()
			index := httptest.NewServer(http.FileServer(http.Dir(wheels(t, map[string]string{
				"acme-driver": "Requires-Dist: acme-core>=1\nRequires-Dist: sqlalchemy>=1.4\n", "acme-core": "", "acme-newer": "Requires-Dist: sqlalchemy>=99\n",
			}))))
			defer index.Close()
			j := job{release: r, script: "preflight", database: "sqlite:///" + filepath.Join(t.TempDir(), "bi.db"), raw: "import acme_driver\nassert acme_driver.NAME == 'acme-driver'"}
			folder := t.TempDir()
			resolved := filepath.Join(folder, ".resolved")
			if reason := j.installs(t, folder, index.URL, "acme-driver", "flask"); reason != "" {
				t.Fatal(reason)
			}
			j.extra = []string{"PYTHONPATH=" + folder, superset.EnvResolved + "=" + resolved}
			got := j.expect(t, "")
			if diff := cmp.Diff(&[]string{"acme-core==1.0", "acme-driver==1.0"}, got.Packages); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for line, want := range map[string]string{"acme-newer": "depends on sqlalchemy>=99; the image has sqlalchemy==1.4", "flask==0.1": "the image has flask=="} {
				if reason := j.installs(t, t.TempDir(), index.URL, line); !strings.Contains(reason, want) {
					t.Errorf("%s: %q, want %q", line, reason, want)
				}
			}
		})
	}
}

// installs runs the installer as the init container of a preflight, and returns what it reports.
func (j job) installs(t *testing.T, folder, index string, lines ...string) string {
	t.Helper()
	program, report := filepath.Join(t.TempDir(), superset.PackagesFile), filepath.Join(t.TempDir(), "report")
	writeFile(t, program, packages.Program)
	command := j.command(t, "python", program)
	command.Env = append(slices.DeleteFunc(command.Env, func(e string) bool { return strings.HasPrefix(e, superset.EnvDatabaseURI) }),
		superset.EnvPackages+"="+strings.Join(lines, "\n"), superset.EnvPackagesDir+"="+folder,
		superset.EnvResolved+"="+filepath.Join(folder, ".resolved"), superset.EnvIndexURL+"="+index, "SUPERSET_OPERATOR_RESULT_FILE="+report)
	p := start(t, "packages", command, syscall.SIGKILL)
	<-p.done
	text, err := os.ReadFile(report)
	if (err == nil) == (p.ProcessState.ExitCode() == 0) {
		t.Fatalf("exit code %d and the report %q:\n%s", p.ProcessState.ExitCode(), text, p.log)
	}
	return string(text)
}

// wheels makes the folder of an index. Each package has one module, and these lines in its metadata.
func wheels(t *testing.T, metadata map[string]string) string {
	t.Helper()
	index := t.TempDir()
	for name, lines := range metadata {
		module := strings.ReplaceAll(name, "-", "_")
		folder := filepath.Join(index, name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		file, err := os.Create(filepath.Join(folder, module+"-1.0-py3-none-any.whl"))
		if err != nil {
			t.Fatal(err)
		}
		w, info := zip.NewWriter(file), module+"-1.0.dist-info/"
		for path, text := range map[string]string{
			module + ".py":    fmt.Sprintf("NAME = %q\n", name),
			info + "METADATA": fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n%s", name, lines),
			info + "WHEEL":    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
			info + "RECORD":   "",
		} {
			entry, err := w.Create(path)
			if err == nil {
				_, err = entry.Write([]byte(text))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
	}
	return index
}
