// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

// header of the generated YAML files.
const header = "# Written by \"make generate\" from hack/monitoring.\n"

// rule is an alert as Prometheus reads it.
type rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// ruleFile is a rule file, and the spec of a PrometheusRule.
type ruleFile struct {
	Groups []ruleGroup `json:"groups"`
}

type ruleGroup struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

// resource is a PrometheusRule, for the Prometheus operator.
type resource struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   map[string]any `json:"metadata"`
	Spec       ruleFile       `json:"spec"`
}

// rules are the alerts as a rule file and as a PrometheusRule. Each is on its own, so one group
// is enough.
func rules() (plain, forOperator []byte, err error) {
	group := ruleGroup{Name: "superset-operator"}
	for _, a := range alerts {
		group.Rules = append(group.Rules, rule{
			Alert: a.name, Expr: a.expr, For: a.lasts, Labels: map[string]string{"severity": a.severity},
			Annotations: map[string]string{"summary": a.summary, "description": a.description, "runbook_url": runbooks + a.name + ".md"},
		})
	}
	spec := ruleFile{Groups: []ruleGroup{group}}
	if plain, err = yaml.Marshal(spec); err != nil {
		return nil, nil, fmt.Errorf("encoding the rules: %w", err)
	}
	forOperator, err = yaml.Marshal(resource{
		APIVersion: "monitoring.coreos.com/v1", Kind: "PrometheusRule", Spec: spec,
		Metadata: map[string]any{
			"name": "superset-operator", "namespace": "superset-operator-system", "labels": map[string]string{"app.kubernetes.io/name": "superset-operator"}},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("encoding the PrometheusRule: %w", err)
	}
	return append([]byte(header), plain...), append([]byte(header), forOperator...), nil
}
