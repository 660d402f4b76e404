// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

// listPath is the table for hack/monitoring, which checks dashboards and alerts against it. That
// module does not import this one, so that it builds without the libraries of Kubernetes.
const listPath = "../../hack/monitoring/metrics.json"

type listed struct {
	Name   string              `json:"name"`
	Type   Type                `json:"type"`
	Unit   string              `json:"unit,omitempty"`
	Labels map[string][]string `json:"labels,omitempty"`
	// Library is true for a metric that is not the operator's own.
	Library bool `json:"library,omitempty"`
}

// The list is generated from the table by make generate.
func TestPageAsList(t *testing.T) {
	var all []listed
	own := slices.Concat(Table, FromStatsd, FromBroker)
	for i, m := range slices.Concat(own, Used) {
		l := listed{Name: m.Name, Type: m.Type, Unit: m.Unit, Library: i >= len(own)}
		for _, label := range m.Labels {
			if l.Labels == nil {
				l.Labels = map[string][]string{}
			}
			l.Labels[label.Name] = append([]string{}, label.Values...)
		}
		all = append(all, l)
	}
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", " "); err != nil {
		t.Fatal(err)
	}
	generated(t, listPath, out.String()+"\n")
}
