// SPDX-License-Identifier: Apache-2.0

package metrics

// names are labels whose values are those of the libraries.
func names(all ...string) []Label {
	var out []Label
	for _, name := range all {
		out = append(out, Label{Name: name})
	}
	return out
}

// Used describes the metrics of controller-runtime, client-go and the Go runtime that the
// operator serves and that dashboards and alerts may use. It serves more of them.
var Used = []Metric{
	{Name: "controller_runtime_reconcile_total", Type: Counter, Labels: names("controller", "result"),
		Help: "Reconciles by controller and result: success, error, requeue or requeue_after.",
		Use:  "Show the rate. No reconcile for hours although Supersets change means that the operator does not work."},
	{Name: "controller_runtime_reconcile_errors_total", Type: Counter, Labels: names("controller"),
		Help: "Reconciles that ended with an error.",
		Use:  "Alert on a lasting rate, and read the errors in the log. Conflicts are not counted."},
	{Name: "controller_runtime_reconcile_panics_total", Type: Counter, Labels: names("controller"),
		Help: "Reconciles that panicked.",
		Use:  "Alert on any increase, and report it with the log."},
	{Name: "controller_runtime_reconcile_time_seconds", Type: Histogram, Unit: "seconds", Labels: names("controller"),
		Help: "Time that a reconcile took.",
		Use:  "Show p95. It is the time of API requests: if it grows, look at the API server."},
	{Name: "controller_runtime_active_workers", Type: Gauge, Labels: names("controller"),
		Help: "Reconciles under way.",
		Use:  "Compare it with the maximum: at the maximum objects wait in the queue."},
	{Name: "controller_runtime_max_concurrent_reconciles", Type: Gauge, Labels: names("controller"),
		Help: "Maximum number of concurrent reconciles, the flag -concurrency.",
		Use:  "Raise the flag if the active workers stay at it."},
	{Name: "workqueue_depth", Type: Gauge, Labels: names("name", "controller", "priority"),
		Help: "Objects that wait for their reconcile.",
		Use:  "Alert if it stays above 0 for minutes."},
	{Name: "workqueue_queue_duration_seconds", Type: Histogram, Unit: "seconds", Labels: names("name", "controller"),
		Help: "Time that an object waited in the queue.",
		Use:  "Show p95 as the latency of the operator."},
	{Name: "workqueue_longest_running_processor_seconds", Type: Gauge, Unit: "seconds", Labels: names("name", "controller"),
		Help: "Age of the oldest reconcile under way.",
		Use:  "Alert on minutes: a reconcile hangs."},
	{Name: "workqueue_retries_total", Type: Counter, Labels: names("name", "controller"),
		Help: "Objects that were enqueued with a delay: after an error, or to look again later.",
		Use:  "Compare it with the errors: without errors these are timers, such as those of deadlines."},
	{Name: "rest_client_requests_total", Type: Counter, Labels: names("code", "method", "host"),
		Help: "Requests to the API server, by status code and method.",
		Use:  "Show the rate by code. An idle operator sends no writes: a lasting rate of PATCH is a fault. 409 is normal in small numbers; alert on 403, 429 and 5xx."},
	{Name: "leader_election_master_status", Type: Gauge, Labels: names("name"),
		Help: "1 for the leader, 0 for a standby.",
		Use:  "Alert unless the sum is 1. Without -leader-elect there is no series."},
	{Name: "process_resident_memory_bytes", Type: Gauge, Unit: "bytes",
		Help: "Memory of the operator.",
		Use:  "Compare it with the limit of its container."},
	{Name: "process_cpu_seconds_total", Type: Counter, Unit: "seconds",
		Help: "CPU time of the operator.",
		Use:  "Show the rate as used cores."},
	{Name: "go_goroutines", Type: Gauge,
		Help: "Goroutines of the operator.",
		Use:  "It is constant when idle; constant growth is a leak: report it."},
}
