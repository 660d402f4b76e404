// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// TestFactsAreBounded: the image that writes a result is not trusted.
func TestFactsAreBounded(t *testing.T) {
	long, many := strings.Repeat("é", 5000), make([]string, 100)
	for i := range many {
		many[i] = long
	}
	line, err := json.Marshal(Result{Script: "inspect", Facts: Facts{
		Tables: true, TablesIn: long, Identity: long, Workers: many, WorkerCount: -3, Beat: long, Package: long,
		VersionNote: long, Pooler: "p" + long, UnknownSettings: many, Sessions: make([]Session, 100)}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseResult(string(line))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]int{got.TablesIn: 63, got.Identity: 128, got.Beat: 128, got.Package: 64, got.VersionNote: 128, got.Pooler: 128,
		got.Workers[7]: 64, got.UnknownSettings[15]: 64}
	for text, want := range texts {
		if n := len([]rune(text)); n != want {
			t.Errorf("%d characters, want %d", n, want)
		}
	}
	if len(got.Workers) != 8 || got.WorkerCount != 8 || len(got.UnknownSettings) != 16 || len(got.Sessions) != 8 || got.Sessions[0].Count != 1 {
		t.Errorf("%d workers of %d, %d settings, %d sessions %+v", len(got.Workers), got.WorkerCount, len(got.UnknownSettings),
			len(got.Sessions), got.Sessions[0])
	}
}

func TestFactsAreRead(t *testing.T) {
	const line = `{"script":"inspect","reason":"","message":"","tables":true,"tablesIn":"bi","identity":"postgresql/73/16384/bi",` +
		`"sessions":[{"name":"","count":3},{"name":"psql","count":1}],"workers":["celery@other-0"],"workerCount":12,` +
		`"beat":"reports.scheduler","package":"6.0.0rc1","versionNote":"a note","pooler":"a pooler","unknownSettings":["OLD"]}`
	got, err := ParseResult(line)
	if err != nil {
		t.Fatal(err)
	}
	want := Facts{Tables: true, TablesIn: "bi", Identity: "postgresql/73/16384/bi", Sessions: []Session{{"", 3}, {"psql", 1}},
		Workers: []string{"celery@other-0"}, WorkerCount: 12, Beat: "reports.scheduler", Package: "6.0.0rc1", VersionNote: "a note",
		Pooler: "a pooler", UnknownSettings: []string{"OLD"}}
	if diff := cmp.Diff(want, got.Facts); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, _ := ParseResult(`{"script":"inspect","tablesIn":"bi"}`); got.TablesIn != "" {
		t.Errorf("tablesIn %q without tables", got.TablesIn)
	}
}

// Only the two words about web are taken over from a Job.
func TestWebOfAResult(t *testing.T) {
	for line, want := range map[string]Facts{
		`{"script":"inspect","web":"Unreachable","webWhy":"timed out"}`: {Web: v1alpha1.WebUnreachable, WebWhy: "timed out"},
		`{"script":"inspect","web":"Reachable"}`:                        {Web: v1alpha1.WebReachable},
		`{"script":"inspect","web":"maybe"}`:                            {},
	} {
		if r, err := ParseResult(line); err != nil || r.Web != want.Web || r.WebWhy != want.WebWhy {
			t.Errorf("%s: %+v, %v", line, r.Facts, err)
		}
	}
}
