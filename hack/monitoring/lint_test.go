// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// The shipped dashboards follow the rules, and Grafana's types know each of their fields.
func TestDashboards(t *testing.T) {
	all := shippedFiles(t)
	for _, problem := range lint(all) {
		t.Error(problem)
	}
	plugins.RegisterDefaultPlugins()
	for name, content := range all {
		//nolint:staticcheck // the schema that the sidecar and Grafana before 12 read
		var d dashboard.Dashboard
		if err := d.UnmarshalJSONStrict(content); err != nil && err.Error() != "" { // it returns an empty list of errors
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each rule finds its fault.
func TestLintFindsFaults(t *testing.T) {
	const file = "dashboards/superset-instance.json"
	good := string(shippedFiles(t)[file])
	for want, change := range map[string][2]string{
		"has no uid":                                 {`"uid": "superset-instance"`, `"uid": ""`},
		"has the id 3, which is 0 or":                {`"id": 4,`, `"id": 3,`},
		`panel 3 has no title, or that of another`:   {`"title": "Since"`, `"title": "Phase"`},
		"has no description":                         {`"description": "The current phase."`, `"description": ""`},
		"has no unit":                                {`"unit": "bytes"`, `"unit": ""`},
		"has a query without the data source":        {`"uid": "${datasource}"`, `"uid": "prometheus-1"`},
		"has not the data source of the variable":    {"\"transparent\": false,\n      \"datasource\": {\n        \"type\": \"prometheus\"", "\"transparent\": false,\n      \"datasource\": {\n        \"type\": \"loki\""},
		"has a query without a legend":               {`"legendFormat": "since"`, `"legendFormat": "__auto"`},
		`has two queries "A"`:                        {`"refId": "B"`, `"refId": "A"`},
		`panel "Phase" overlaps "Since"`:             {"\"x\": 4,\n        \"y\": 1", "\"x\": 3,\n        \"y\": 1"},
		`panel "Time left" is outside`:               {"\"x\": 21,\n        \"y\": 1", "\"x\": 22,\n        \"y\": 1"},
		"there is no variable nobody":                {`name=~\"$name\"`, `name=~\"$nobody\"`},
		"no query uses the variable superfluous":     {`"name": "name",`, `"name": "superfluous",`},
		`annotation "" has no name`:                  {`"name": "Runs"`, `"name": ""`},
		"shows $__range over time":                   {`"expr": "max by (namespace, name, gate)`, `"expr": "rate(x[$__range]) + max by (namespace, name, gate)`},
		"dashboards/superset-instance.json: invalid": {`"panels"`, `panels`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Errorf("%q is not in %s", change[0], file)
		}
		if problems := lint(map[string][]byte{file: []byte(bad)}); !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, want) }) {
			t.Errorf("%v, want one with %q", problems, want)
		}
	}
	if problems := lint(map[string][]byte{"a.json": []byte(good), "b.json": []byte(good)}); len(problems) != 1 || !strings.Contains(problems[0], "another dashboard has the uid") {
		t.Errorf("two dashboards with one uid: %v", problems)
	}
}
