// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// The metrics of Superset itself: see docs/explanation/health.md. Without spec.monitoring the
// panels are empty.

// optional says why a panel may be empty.
const optional = " Without data spec.monitoring.%s is not set."

func needs(exporter string) string { return fmt.Sprintf(optional, exporter) }

// ofSelected is a metric of the selected Superset, with further matchers.
func ofSelected(metric string, matchers ...string) string {
	all := append([]string{`namespace=~"$namespace"`, `name=~"$name"`}, matchers...)
	return "superset_" + metric + "{" + strings.Join(all, ", ") + "}"
}

// perSecond is the rate per second of a counter of Superset, by labels.
func perSecond(metric, by string, matchers ...string) string {
	return fmt.Sprintf("sum by (%s) (rate(%s[$__rate_interval]))", by, ofSelected(metric, matchers...))
}

// quantileOf is a quantile of a histogram of Superset, by labels such as "step".
func quantileOf(q, metric, by string) string {
	return fmt.Sprintf("histogram_quantile(%s, %s)", q, perSecond(metric+"_bucket", strings.Trim("le, "+by, ", ")))
}

// newest is a gauge of the broker: the pod of the health exporter may be replaced by a second one.
func newest(metric, labels string) string {
	return fmt.Sprintf("max by (namespace, name%s) (%s)", labels, ofSelected("celery_"+metric))
}

var instanceUsers = row{"Users", []panel{
	{title: "Requests per second", kind: graph, unit: "reqps", width: 8, height: 8, stack: true,
		description: "Answers of gunicorn by class of their status, without health checks." + needs("statsdExporter"),
		queries:     []query{{perSecond("web_request_duration_seconds_count", "status"), "{{status}}"}}},
	{title: "Share of errors", kind: graph, unit: "percentunit", width: 8, height: 8,
		description: "Answers with a status of 5xx among all." + needs("statsdExporter"),
		queries: []query{{`(sum(rate(` + ofSelected("web_request_duration_seconds_count", `status="5xx"`) + `[$__rate_interval])) or vector(0)) / sum(rate(` +
			ofSelected("web_request_duration_seconds_count") + `[$__rate_interval]))`, "5xx"}}},
	{title: "Time of requests", kind: graph, unit: "s", width: 8, height: 8,
		description: "Median and 95th percentile of the time from a request to its answer." + needs("statsdExporter"),
		queries: []query{
			{quantileOf("0.5", "web_request_duration_seconds", ""), "p50"},
			{quantileOf("0.95", "web_request_duration_seconds", ""), "p95"}}},
	{title: "Failed API calls per second", kind: graph, unit: "ops", width: 8, height: 8,
		description: "Answers of the REST API that are warnings (4xx) or errors, by API." + needs("statsdExporter"),
		queries:     []query{{perSecond("api_responses_total", "api, result", `result=~"warning|error"`), "{{api}}: {{result}}"}}},
	{title: "Chart data per second", kind: graph, unit: "ops", width: 8, height: 8, stack: true,
		description: "Results of charts from the cache and from databases (source)." + needs("statsdExporter"),
		queries:     []query{{perSecond("chart_data_total", "from"), "{{from}}"}}},
	{title: "SQL Lab", kind: graph, unit: "s", width: 8, height: 8,
		description: "95th percentile of the steps of queries, and errors of Superset itself per second." + needs("statsdExporter"),
		queries: []query{
			{quantileOf("0.95", "sqllab_query_duration_seconds", "step"), "{{step}}"},
			{perSecond("sqllab_errors_total", "name"), "errors per second"}}},
}}

var instanceTasks = row{"Workers and reports", []panel{
	{title: "Workers that answer", kind: graph, unit: "none", width: 6, height: 8,
		description: "Celery workers that answer on the broker. Those of another Superset on the same broker without a prefix count." + needs("healthExporter"),
		queries:     []query{{newest("workers", ""), "workers"}}},
	{title: "Tasks that wait", kind: graph, unit: "none", width: 6, height: 8,
		description: "Tasks in each Celery queue that no worker has taken." + needs("healthExporter"),
		queries:     []query{{newest("queue_length", ", queue"), "{{queue}}"}}},
	{title: "Reports", kind: graph, unit: "ops", width: 6, height: 8,
		description: "Tasks of reports that have begun, and notifications by result, per second." + needs("statsdExporter"),
		queries: []query{
			{perSecond("report_tasks_total", "task"), "{{task}}"},
			{perSecond("report_notifications_total", "channel, result"), "{{channel}}: {{result}}"}}},
	{title: "Broker", kind: number, unit: "none", width: 2, height: 8, values: yes,
		description: "Whether the broker answers." + needs("healthExporter"),
		queries:     []query{{newest("probe_success", ""), "answers"}}},
	{title: "Looks at the broker", kind: number, unit: "s", width: 4, height: 8,
		description: "How long the last look took, and how old it is." + needs("healthExporter"),
		queries: []query{
			{newest("probe_duration_seconds", ""), "took"},
			{"time() - " + newest("probe_timestamp_seconds", ""), "age"}}},
}}
