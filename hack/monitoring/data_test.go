// SPDX-License-Identifier: Apache-2.0

//go:build promtool

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// series is a series of promtool's unit tests.
type series struct {
	Series string `json:"series"`
	Values string `json:"values"`
}

// served are series of every metric, with each value of each label, of two replicas of the
// operator. Counters grow.
func served() (out []series) {
	for _, m := range metrics {
		for _, replica := range []string{"a", "b"} {
			names := []string{m.Name}
			if m.Type == histogram {
				names = []string{m.Name + "_sum", m.Name + "_count", m.Name + "_bucket"}
			}
			for _, name := range names {
				for _, labels := range combinations(m.Labels, `job="superset-operator", instance="`+replica+`"`) {
					value := "1x150"
					if m.Type != gauge {
						value = "0+1x150"
					}
					if !strings.HasSuffix(name, "_bucket") || m.Type != histogram {
						out = append(out, series{name + "{" + labels + "}", value})
						continue
					}
					for _, le := range []string{"10", "+Inf"} {
						out = append(out, series{name + "{" + labels + `, le="` + le + `"}`, value})
					}
				}
			}
		}
	}
	return out
}

// combinations are the combinations of the values of labels.
func combinations(labels map[string][]string, first string) []string {
	out := []string{first}
	names := []string{}
	for name := range labels {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values := labels[name]
		if len(values) == 0 {
			values = []string{"x"}
			if name == "name" {
				values = []string{"superset-operator.dev"} // the lease; also a name of a Superset
			}
		}
		var next []string
		for _, before := range out {
			for _, v := range values {
				next = append(next, fmt.Sprintf("%s, %s=%q", before, name, v))
			}
		}
		out = next
	}
	return out
}

// Each query of the dashboards can be evaluated and returns data while every series exists.
func TestPanelsReturnData(t *testing.T) {
	fill := strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h", "$namespace", ".*", "$name", ".*", "$job", ".*")
	type expectation struct {
		Expr    string `json:"expr"`
		Time    string `json:"eval_time"`
		Samples []int  `json:"exp_samples"`
	}
	var checks []expectation
	where := map[string]string{}
	for name, content := range shippedFiles(t) {
		var p page
		if err := json.Unmarshal(content, &p); err != nil {
			t.Fatal(err)
		}
		for _, a := range p.Panels {
			for _, q := range a.Targets {
				checks = append(checks, expectation{fill.Replace(q.Expr), "2h", []int{}})
				where[fill.Replace(q.Expr)] = name + ", panel " + a.Title
			}
		}
		for _, a := range p.Annotations.List {
			checks = append(checks, expectation{fill.Replace(a.Expr), "2h", []int{}})
			where[fill.Replace(a.Expr)] = name + ", annotation " + a.Name
		}
	}
	content, err := yaml.Marshal(map[string]any{"evaluation_interval": "1m", "tests": []any{
		map[string]any{"interval": "1m", "input_series": served(), "promql_expr_test": checks}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "test.yaml")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	// Nothing is expected of any query, so promtool prints what each one returns.
	out, _ := exec.CommandContext(t.Context(), "promtool", "test", "rules", file).CombinedOutput()
	returned := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^ +expr: "(.*)", time: 2h,\n +exp:.*\n +got:(.*)$`).FindAllStringSubmatch(string(out), -1) {
		if got := strings.TrimSpace(match[2]); got != "" && got != "nil" {
			returned[strings.ReplaceAll(match[1], `\"`, `"`)] = true
		}
	}
	for expr, panel := range where {
		if !returned[expr] {
			t.Errorf("%s returns nothing: %s", panel, expr)
		}
	}
	if t.Failed() || len(returned) < 50 {
		t.Errorf("%d queries return data; promtool prints:\n%.3000s", len(returned), out)
	}
}
