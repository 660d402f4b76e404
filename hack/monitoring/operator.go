// SPDX-License-Identifier: Apache-2.0

package main

import "fmt"

// ofJob selects the series of the operator: controller-runtime gives other operators the same
// names.
const ofJob = `job=~"$job"`

var operator = board{
	uid: "superset-operator", title: "Superset / Operator",
	description: "The operator itself: reconciles, their latency and errors, queues, leader, API requests and resources.",
	variables: []variable{
		{name: "job", label: "Job", metric: `superset_operator_slots_taken`, from: "job"},
	},
	rows: []row{operatorNow, operatorReconciles, operatorQueues, operatorRequests, operatorProcess},
}

var operatorNow = row{"Now", []panel{
	{title: "Replicas", kind: number, unit: "none", width: 4, height: 4,
		description: "Replicas of the operator that Prometheus reads.",
		queries:     []query{{countOf(`go_goroutines{` + ofJob + `}`), "replicas"}}},
	{title: "Leaders", kind: number, unit: "none", width: 4, height: 4, values: map[string]value{"0": {"none", problem}, "1": {"1", good}},
		description: "Replicas that are the leader: exactly one. Without -leader-elect there is no data.",
		queries:     []query{{`sum(leader_election_master_status{` + ofJob + `, name="superset-operator.dev"})`, "leaders"}}},
	{title: "Reconciles that failed", kind: number, unit: "percentunit", width: 4, height: 4, bad: 0.1,
		description: "Share of the reconciles of the selected time that ended with an error. Conflicts are not errors.",
		queries:     []query{{`sum(increase(controller_runtime_reconcile_errors_total{` + ofJob + `}[$__range])) / sum(increase(controller_runtime_reconcile_total{` + ofJob + `}[$__range]))`, "failed"}}},
	{title: "Panics", kind: number, unit: "none", width: 4, height: 4, bad: 1,
		description: "Reconciles of the selected time that panicked. Report any with the log.",
		queries:     []query{{`sum(increase(controller_runtime_reconcile_panics_total{` + ofJob + `}[$__range]))`, "panics"}}},
	{title: "Leader", kind: timeline, unit: "none", width: 8, height: 4, values: map[string]value{"0": {"standby", neutral}, "1": {"leader", good}},
		description: "Which replica is the leader.",
		queries:     []query{{`max by (instance) (leader_election_master_status{` + ofJob + `, name="superset-operator.dev"})`, "{{instance}}"}}},
}}

var operatorReconciles = row{"Reconciles", []panel{
	{title: "Reconciles by result", kind: graph, unit: "ops", width: 8, height: 8,
		description: "Reconciles by controller and result.",
		queries:     []query{{rateOf("controller_runtime_reconcile_total", "controller, result"), "{{controller}}: {{result}}"}}},
	{title: "Errors", kind: graph, unit: "ops", width: 8, height: 8,
		description: "Reconciles by controller that ended with an error. The log has the errors.",
		queries:     []query{{rateOf("controller_runtime_reconcile_errors_total", "controller"), "{{controller}}"}}},
	{title: "Time of a reconcile", kind: graph, unit: "s", width: 8, height: 8,
		description: "Time of a reconcile by controller: mostly that of API requests.",
		queries:     quantiles("controller_runtime_reconcile_time_seconds", "controller")},
}}

var operatorQueues = row{"Queues", []panel{
	{title: "Objects in the queue", kind: graph, unit: "none", width: 8, height: 8,
		description: "Objects that wait for their reconcile. More than 0 for minutes: the operator does not keep up.",
		queries:     []query{{`sum by (controller) (workqueue_depth{` + ofJob + `})`, "{{controller}}"}}},
	{title: "Time in the queue", kind: graph, unit: "s", width: 8, height: 8,
		description: "How long an object waits for its reconcile: the latency of the operator.",
		queries:     quantiles("workqueue_queue_duration_seconds", "controller")},
	{title: "Oldest reconcile under way", kind: graph, unit: "s", width: 8, height: 8,
		description: "Minutes mean that a reconcile hangs.",
		queries:     []query{{`max by (controller) (workqueue_longest_running_processor_seconds{` + ofJob + `})`, "{{controller}}"}}},
	{title: "Reconciles under way", kind: graph, unit: "none", width: 12, height: 8,
		description: "Reconciles under way, and their maximum, the flag -concurrency. At the maximum objects wait in the queue.",
		queries: []query{
			{`max by (controller) (controller_runtime_active_workers{` + ofJob + `})`, "{{controller}}"},
			{`max by (controller) (controller_runtime_max_concurrent_reconciles{` + ofJob + `})`, "{{controller}}: maximum"},
		}},
	{title: "Delayed objects", kind: graph, unit: "ops", width: 12, height: 8,
		description: "Objects that were enqueued with a delay: after an error, or to look again later.",
		queries:     []query{{rateOf("workqueue_retries_total", "controller"), "{{controller}}"}}},
}}

var operatorRequests = row{"Requests to the API server", []panel{
	{title: "Requests by status code", kind: graph, unit: "reqps", width: 12, height: 8,
		description: "A few 409 are normal. 403 means that a right is missing; 429 and 5xx come from an API server in trouble.",
		queries:     []query{{rateOf("rest_client_requests_total", "code"), "{{code}}"}}},
	{title: "Requests by method", kind: graph, unit: "reqps", width: 12, height: 8,
		description: "An idle operator writes nothing: a lasting rate of PATCH is a fault. The lease of the leader is renewed by PUT.",
		queries:     []query{{rateOf("rest_client_requests_total", "method"), "{{method}}"}}},
}}

var operatorProcess = row{"Process", []panel{
	{title: "Memory", kind: graph, unit: "bytes", width: 8, height: 7,
		description: "Resident memory by replica. Compare it with the limit of the container.",
		queries:     []query{{`max by (instance) (process_resident_memory_bytes{` + ofJob + `})`, "{{instance}}"}}},
	{title: "CPU", kind: graph, unit: "none", width: 8, height: 7,
		description: "Used cores by replica.",
		queries:     []query{{rateOf("process_cpu_seconds_total", "instance"), "{{instance}}"}}},
	{title: "Goroutines", kind: graph, unit: "none", width: 8, height: 7,
		description: "Goroutines by replica. Constant growth is a leak: report it.",
		queries:     []query{{`max by (instance) (go_goroutines{` + ofJob + `})`, "{{instance}}"}}},
}}

// rateOf is the rate of a counter of the operator.
func rateOf(metric, labels string) string {
	return fmt.Sprintf(`sum by (%s) (rate(%s{%s}[$__rate_interval]))`, labels, metric, ofJob)
}

// quantiles of a histogram of the operator.
func quantiles(metric, label string) []query {
	of := func(q string) string {
		return fmt.Sprintf(`histogram_quantile(%s, sum by (le, %s) (rate(%s_bucket{%s}[$__rate_interval])))`, q, label, metric, ofJob)
	}
	return []query{{of("0.5"), "{{" + label + "}} p50"}, {of("0.95"), "{{" + label + "}} p95"}}
}
