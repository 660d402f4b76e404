// SPDX-License-Identifier: Apache-2.0

package migrations_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/migrations"
)

// terminationMessage is the size at which the kubelet truncates a termination message, in
// bytes.
const terminationMessage = 4096

// inspections are the results in testdata/inspect by name, such as 5.0.0-to-6.0.0.
func inspections(t *testing.T) map[string]migrations.Result {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "inspect", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]migrations.Result{}
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if size := len(strings.TrimSpace(string(line))); size > terminationMessage {
			t.Errorf("%s has %d bytes, more than %d", name, size, terminationMessage)
		}
		got, err := migrations.ParseResult(string(line))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var raw migrations.Result
		if err := json.Unmarshal(line, &raw); err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(raw, got); diff != "" {
			t.Errorf("%s: the limits truncate a real result, -printed +parsed:\n%s", name, diff)
		}
		results[name] = got
	}
	return results
}

func TestRealInspections(t *testing.T) {
	results := inspections(t)
	for _, want := range []string{
		"empty-to-4.1.4", "empty-to-5.0.0", "empty-to-6.0.0", "empty-to-6.1.0", "4.0.2-to-4.1.4", "4.0.2-to-6.1.0",
		"4.1.4-to-5.0.0", "4.1.4-to-6.1.0", "5.0.0-to-6.0.0", "5.0.0-to-6.1.0", "6.0.0-to-6.1.0",
	} {
		if _, ok := results[want]; !ok {
			t.Errorf("testdata/inspect/%s.json is missing", want)
		}
	}
	for name, r := range results {
		t.Run(name, func(t *testing.T) {
			if r.Script != "inspect" || r.Reason != "" || r.Database != "postgresql" || r.Path == nil {
				t.Fatalf("not a success of inspect on PostgreSQL: %+v", r)
			}
			from, to, _ := strings.Cut(name, "-to-")
			if head := results["empty-to-"+to].Head; r.Head != head {
				t.Errorf("head %s, want %s", r.Head, head)
			}
			if head, ok := results["empty-to-"+from]; ok && r.Revision != head.Head {
				t.Errorf("revision %s, want the head of %s", r.Revision, from)
			}
			checkPath(t, r)
		})
	}
}

// checkPath checks the invariants of every path.
func checkPath(t *testing.T, r migrations.Result) {
	t.Helper()
	p := r.Path
	if sum := p.Additive + p.NotAdditive(); sum != r.PendingCount || p.DowngradeEmpty+p.DowngradeLossy > sum {
		t.Errorf("counts %+v do not add up to %d", p, r.PendingCount)
	}
	if r.Revision == "" {
		if len(p.SecondConnection) > 0 {
			t.Errorf("an empty database has revisions with a second connection: %+v", p)
		}
	}
}

// TestHopsAddUp compares an upgrade over three releases with its hops.
func TestHopsAddUp(t *testing.T) {
	results := inspections(t)
	var sum migrations.Path
	for _, hop := range []string{"4.1.4-to-5.0.0", "5.0.0-to-6.0.0", "6.0.0-to-6.1.0"} {
		p := results[hop].Path
		sum.Additive += p.Additive
		sum.DataChanging += p.DataChanging
		sum.Destructive += p.Destructive
		sum.DowngradeEmpty += p.DowngradeEmpty
		sum.DowngradeLossy += p.DowngradeLossy
	}
	whole := *results["4.1.4-to-6.1.0"].Path
	whole.SecondConnection = nil
	if diff := gocmp.Diff(sum, whole); diff != "" {
		t.Errorf("-hops +whole:\n%s", diff)
	}
}

func TestPathIsBounded(t *testing.T) {
	long := strings.Repeat("é", 1000)
	path := migrations.Path{Additive: -1}
	for range 100 {
		path.SecondConnection = append(path.SecondConnection, long)

	}
	line, err := json.Marshal(migrations.Result{Script: "inspect", Path: &path})
	if err != nil {
		t.Fatal(err)
	}
	got, err := migrations.ParseResult(string(line))
	if err != nil {
		t.Fatal(err)
	}
	want := &migrations.Path{SecondConnection: slices.Repeat([]string{strings.Repeat("é", 63) + "…"}, 64)}
	if diff := gocmp.Diff(want, got.Path); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
