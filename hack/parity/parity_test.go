// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strings"
	"testing"
)

const root = "../.."

// The page is up to date, and each field in it exists.
func TestPage(t *testing.T) {
	want, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(pagePath(root))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/reference/parity.md is stale: run make generate")
	}
}

// Each value has one row.
func TestRows(t *testing.T) {
	for _, s := range sources {
		rows, err := read(s.File)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) < 300 {
			t.Errorf("%s: %d rows", s.File, len(rows))
		}
		seen := map[string]bool{}
		for _, r := range rows {
			if seen[r.Path] {
				t.Errorf("%s: %s has two rows", s.File, r.Path)
			}
			seen[r.Path] = true
		}
	}
}

func TestKindOf(t *testing.T) {
	spec, err := specOf(root + "/config/crd/bases/superset-operator.dev_supersets.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		row  row
		want string // a kind, or what the error says
	}{
		{row{Path: "a", Field: "web.replicas"}, offered},
		{row{Path: "a", Field: "image.pullSecrets[]"}, offered},
		{row{Path: "a", Field: "podTemplate.spec.containers[superset].lifecycle"}, podTemplate},
		{row{Path: "a", Field: "web.podTemplate.metadata.labels.team"}, podTemplate},
		{row{Path: "a", Field: "+nothing"}, later},
		{row{Path: "a", Field: "-", Remark: "because"}, refused},
		{row{Path: "a", Field: "-"}, "say why"},
		{row{Path: "a", Field: "web.size"}, "spec.web has no field size"},
		{row{Path: "a", Field: "web.podTemplate.spec.cpu"}, "has no field cpu"},
		{row{Path: "a", Field: "+web.replicas"}, "remove the plus sign"},
	} {
		got, err := c.row.kindOf(spec)
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != c.want || err != nil && !strings.Contains(got, c.want) {
			t.Errorf("%+v: %s, want %s", c.row, got, c.want)
		}
	}
}
