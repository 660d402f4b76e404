// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/migrations"
)

var update = flag.Bool("update", false, "write the page or data that a test is about: internal/migrations/testdata/inspect and docs/explanation/inspect.md, or docs/explanation/downgrade.md")

// v400 is not installed: its schema is created with the scripts of 4.1.4, which
// include it.
var v400 = release{"4.0.2", "17fcea065655"}

// inspection is preflight's result of a release for a database.
type inspection struct {
	From, To  string // release, or "empty"
	Result    migrations.Result
	Revisions []revision // of the path, as logged
	line, log string
}

// revision is a line of preflight's log about a revision.
type revision struct{ ID, Class, Downgrade, Why string }

// TestInspect runs preflight of each release on databases of the earlier
// releases, and compares the result with the stored one and with the manual
// review of the scripts.
func TestInspect(t *testing.T) {
	pg := startPostgreSQL(t)
	database := pg.copyDatabase(t, "", "bi")
	var all []inspection
	for _, to := range []release{v414, v500, v600, v610} {
		all = append(all, inspect(t, "empty", to, database))
	}
	atRevision(t, database, v400)
	all = append(all, inspect(t, v400.version, v414, database), inspect(t, v400.version, v610, database))

	for _, hop := range []struct{ from, to release }{{v414, v500}, {v500, v600}, {v600, v610}} {
		job{release: hop.from, script: "migrate", database: database}.expect(t, "")
		all = append(all, inspect(t, hop.from.version, hop.to, database))
		if hop.to != v610 {
			all = append(all, inspect(t, hop.from.version, v610, database))
		}
	}
	for _, one := range all {
		name := fmt.Sprintf("%s-to-%s.json", one.From, one.To)
		keep(t, filepath.Join("..", "..", "internal", "migrations", "testdata", "inspect", name), one.line)
		asReviewed(t, one)
	}
	keep(t, filepath.Join("..", "..", "docs", "explanation", "inspect.md"), document(t, all))
}

// atRevision migrates an empty database to the schema of a release that is not
// installed.
func atRevision(t *testing.T, database string, r release) {
	t.Helper()
	command := job{release: v414, database: database}.command(t, "superset", "db", "upgrade", r.head)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("superset db upgrade %s: %v\n%s", r.head, err, out)
	}
}

var logged = regexp.MustCompile(`(?m)^(\w+): (\w+) by static analysis, downgrade (\w+): (.*)$`)

// identity is that of the test's server, which is a different one each time.
var identity = regexp.MustCompile(`,"identity":"[^"]*"`)

func inspect(t *testing.T, from string, to release, database string) inspection {
	t.Helper()
	r := job{release: to, script: "preflight", database: database}.start(t)
	got, log := r.wait(t)
	if got.Reason != "" {
		t.Fatalf("preflight of %s on %s: %s: %s\n%s", to.version, from, got.Reason, got.Message, log)
	}
	line, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	one := inspection{From: from, To: to.version, line: identity.ReplaceAllString(string(line), "") + "\n", log: log}
	if one.Result, err = migrations.ParseResult(one.line); err != nil {
		t.Fatal(err)
	}
	for _, m := range logged.FindAllStringSubmatch(log, -1) {
		one.Revisions = append(one.Revisions, revision{m[1], m[2], m[3], m[4]})
	}
	return one
}

// keep compares a file with the expected content, or writes it.
func keep(t *testing.T, file, content string) {
	t.Helper()
	if *update {
		writeFile(t, file, content)
		return
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
		return
	}
	if diff := cmp.Diff(string(kept), content); diff != "" {
		t.Errorf("%s is stale: run make inspect-data or downgrade-data; -kept +got:\n%s", filepath.Base(file), diff)
	}
}

var page = template.Must(template.New("inspect.md.tmpl").Funcs(template.FuncMap{
	"json": func(v any) (string, error) {
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err := encoder.Encode(v)
		return strings.TrimSpace(out.String()), err
	},
}).ParseFiles("inspect.md.tmpl"))

// document is the page about the results.
func document(t *testing.T, all []inspection) string {
	t.Helper()
	var heads, hops, skips []inspection
	for i, one := range all {
		switch {
		case one.From == "empty":
			heads = append(heads, one)
		case i+1 < len(all) && one.From == all[i+1].From || one.To == v610.version && one.From == v600.version:
			hops = append(hops, one)
		default:
			skips = append(skips, one)
		}
	}
	var out bytes.Buffer
	if err := page.Execute(&out, map[string]any{"Heads": heads, "Hops": hops, "Skips": skips}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
