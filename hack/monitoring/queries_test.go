// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// ruleFiles is the shipped rule file.
func shippedRules(t *testing.T) []rule {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(shipped, "rules", "superset-operator.rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var f ruleFile
	if err := yaml.UnmarshalStrict(content, &f); err != nil || len(f.Groups) != 1 || len(f.Groups[0].Rules) < 10 {
		t.Fatalf("%d groups, %v", len(f.Groups), err)
	}
	return f.Groups[0].Rules
}

// ofLabel is the query of a variable.
var ofLabel = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// Every query of the shipped dashboards and alerts parses, and asks for metrics, labels and
// values that exist. Every metric is in one of them.
func TestQueries(t *testing.T) {
	c := checker{used: map[string]bool{}}
	for _, r := range shippedRules(t) {
		for _, problem := range c.check(r.Expr) {
			t.Errorf("alert %s: %s", r.Alert, problem)
		}
	}
	c.dashboard = true
	for name, content := range shippedFiles(t) {
		var p page
		if err := json.Unmarshal(content, &p); err != nil {
			t.Fatal(err)
		}
		queries := map[string]string{}
		for _, a := range p.Panels {
			for _, q := range a.Targets {
				queries["panel "+a.Title+" "+q.RefID] = q.Expr
			}
		}
		for _, a := range p.Annotations.List {
			queries["annotation "+a.Name] = a.Expr
		}
		for _, v := range p.Templating.List {
			if match := ofLabel.FindStringSubmatch(v.Definition); match != nil {
				queries["variable "+v.Name] = "max by (" + match[2] + ") (" + match[1] + ")"
			}
		}
		if len(queries) < 10 {
			t.Fatalf("%s has %d queries", name, len(queries))
		}
		for where, q := range queries {
			for _, problem := range c.check(q) {
				t.Errorf("%s, %s: %s", name, where, problem)
			}
		}
	}
	for _, m := range metrics {
		if !c.used[m.Name] {
			t.Errorf("no dashboard and no alert uses %s", m.Name)
		}
	}
}

// Each fault of a query is found.
func TestCheckFindsFaults(t *testing.T) {
	for query, want := range map[string]string{
		`max by (namespace) (superset_operator_upgrade_phase`:                                                "parse error",
		`max(superset_operator_upgrade_phases)`:                                                              "there is no metric",
		`max(superset_operator_upgrade_phase{state="Ready"})`:                                                "has no label state",
		`max(superset_operator_upgrade_phase{phase=~"Ready|Redy"})`:                                          `is never "Redy"`,
		`max by (phse) (superset_operator_upgrade_phase)`:                                                    "groups by phse",
		`sum by (namespace) (superset_operator_upgrade_phase)`:                                               "is not merged by max",
		`sum(superset_operator_upgrades_total)`:                                                              "superset_operator_upgrades_total is a counter",
		`rate(go_goroutines[$__rate_interval])`:                                                              "go_goroutines is a gauge",
		`sum(rate(superset_operator_upgrades_total[5m]))`:                                                    "neither $__rate_interval nor $__range",
		`sum(rate(superset_operator_upgrade_duration_seconds[$__range]))`:                                    "there is no metric",
		`max by (namespace, x) (label_replace(superset_operator_instance_info, "y", "$1", "version", ".*"))`: "groups by x",
	} {
		c := checker{dashboard: true, used: map[string]bool{}}
		if problems := strings.Join(c.check(query), "; "); !strings.Contains(problems, want) {
			t.Errorf("%s: %q, want %q", query, problems, want)
		}
	}
}
