// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// The PrometheusRule has the rules of the plain file.
func TestPrometheusRule(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(shipped, "prometheus_rule.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var r resource
	if err := yaml.UnmarshalStrict(content, &r); err != nil || len(r.Spec.Groups) != 1 {
		t.Fatalf("%d groups, %v", len(r.Spec.Groups), err)
	}
	if diff := cmp.Diff(shippedRules(t), r.Spec.Groups[0].Rules); diff != "" {
		t.Error(diff)
	}
}

// Each alert has a severity and texts with the labels that it has.
func TestAlerts(t *testing.T) {
	placeholder := regexp.MustCompile(`\$labels\.(\w+)`)
	cases := firings(t)
	for _, r := range shippedRules(t) {
		a := r.Annotations
		if !strings.HasSuffix(a["summary"], ".") || a["description"] == "" || a["runbook_url"] != runbooks+r.Alert+".md" {
			t.Errorf("%s has no summary, description or runbook: %v", r.Alert, a)
		}
		if s := r.Labels["severity"]; s != critical && s != warning && s != info {
			t.Errorf("%s has the severity %q", r.Alert, s)
		}
		fires := cases[r.Alert+" "+r.Labels["severity"]]
		if len(fires) == 0 {
			t.Errorf("%s with severity %s fires in no test", r.Alert, r.Labels["severity"])
		}
		for _, labels := range fires {
			for _, match := range placeholder.FindAllStringSubmatch(a["summary"]+a["description"], -1) {
				if !strings.Contains(labels, match[1]+"=") {
					t.Errorf("%s names its label %s, which it does not have when it fires: %s", r.Alert, match[1], labels)
				}
			}
		}
	}
}

// firings are the labels of the alerts that the unit tests of promtool expect, by name and
// severity.
func firings(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	named := regexp.MustCompile(`alertname="(\w+)".*severity="(\w+)"`)
	for _, file := range unitTests(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f struct {
			Tests []struct {
				Checks []struct {
					Samples []struct{ Labels string } `json:"exp_samples"`
				} `json:"promql_expr_test"`
			}
		}
		if err := yaml.Unmarshal(content, &f); err != nil {
			t.Fatal(err)
		}
		for _, test := range f.Tests {
			quiet := false // a test without a moment in which nothing fires may fire too early
			for _, c := range test.Checks {
				quiet = quiet || len(c.Samples) == 0
				for _, s := range c.Samples {
					if match := named.FindStringSubmatch(s.Labels); match != nil && quiet {
						out[match[1]+" "+match[2]] = append(out[match[1]+" "+match[2]], s.Labels)
					}
				}
			}
		}
	}
	return out
}

// unitTests are the files with unit tests of promtool.
func unitTests(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/*_test.yaml")
	if err != nil || len(all) < 2 {
		t.Fatalf("%v, %v", all, err)
	}
	return all
}
