// SPDX-License-Identifier: Apache-2.0

package world

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
)

const envQueries = "SUPERSET_OPERATOR_QUERIES"

// holding is the only condition that holds in this world, which has no metrics.
const holding = "vector(1) > 0"

// query is a query of preflight and verify.
type query struct {
	Name string `json:"name"`
	Expr string `json:"expr"`
}

func queriesOf(pod *corev1.Pod) (queries []query) {
	_ = json.Unmarshal([]byte(env(pod, envQueries).Value), &queries) // without queries it is not JSON
	return queries
}

// asked is the result of a preflight with queries.
func asked(pod *corev1.Pod, result Result) Result {
	for _, q := range queriesOf(pod) {
		if q.Expr == holding {
			return result.fail("QueryFailed", "query %s of spec.upgrade.verify.prometheus holds: 1 of {}: wait until it does not hold, fix its expr, or remove the query; nothing was touched", q.Name)
		}
	}
	return result
}

// answers are the checks of queries in a verify.
func answers(pod *corev1.Pod) (checks []Check) {
	for _, q := range queriesOf(pod) {
		checks = append(checks, Check{Name: "Query/" + q.Name, OK: q.Expr != holding, Detail: q.Expr})
	}
	return checks
}
