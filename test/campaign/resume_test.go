// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Points that this program ran are skipped and counted; truncated lines, and
// points of another program, are not.
func TestResume(t *testing.T) {
	folder := t.TempDir()
	m, before, err := recall(folder)
	if err != nil || len(before) > 0 {
		t.Fatalf("%v, %v", before, err)
	}
	s, md := &scenarios[1], &modes()[0]
	tried := kept{s.name, md.name, 2, "request 7", 1.5}
	if err := m.keep(tried); err != nil {
		t.Fatal(err)
	}
	if _, err := m.file.WriteString(`{"Scenario":"` + s.name); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "tried-another.jsonl"), []byte(`{"K":1}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.close(); err != nil {
		t.Fatal(err)
	}
	m, before, err = recall(folder)
	if diff := cmp.Diff([]kept{tried}, before); diff != "" || err != nil {
		t.Fatalf("stored points (-want +got):\n%s%v", diff, err)
	}
	c := &campaign{}
	left := c.without([]point{{s, md, 1}, {s, md, 2}, {s, md, 3}}, before)
	if len(left) != 2 || left[0].k != 1 || left[1].k != 3 || len(c.results) != 1 || c.results[0].struck != "request 7" || c.earlier != 1.5 {
		t.Errorf("left: %v; results: %+v; %v s before", left, c.results, c.earlier)
	}
	if err := m.close(); err != nil {
		t.Fatal(err)
	}
}
