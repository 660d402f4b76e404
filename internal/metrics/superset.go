// SPDX-License-Identifier: Apache-2.0

package metrics

// Label values of the metrics of Superset.
var (
	statuses  = []string{"1xx", "2xx", "3xx", "4xx", "5xx"}
	answers   = []string{"success", "warning", "error"}
	sources   = []string{"cache", "source"}
	steps     = []string{"pending", "executing_query", "fetching_results"}
	tasks     = []string{"scheduler", "execute", "prune_log"}
	channels  = []string{"email", "slack", "webhook"}
	sent      = []string{"ok", "warning", "error"}
	durations = []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
)

// FromStatsd describes the metrics of the StatsD exporter. The mapping in internal/components
// makes them from what Superset and gunicorn send.
var FromStatsd = []Metric{
	{Name: "superset_web_request_duration_seconds", Type: Histogram, Unit: "seconds", Labels: of(Label{"status", statuses}), Buckets: durations,
		Help: "Time from a request to its answer in gunicorn, by class of the status.",
		Use:  "Its count is the number of requests: show the rate by status, and the share of 5xx. Health checks are not counted, and no request whose worker gunicorn has killed."},
	{Name: "superset_api_responses_total", Type: Counter, Labels: of(Label{Name: "api"}, Label{"result", answers}),
		Help: "Answers of Superset's REST API, by API and result.",
		Use:  "Find the part of Superset that fails. A warning is an answer with 4xx."},
	{Name: "superset_chart_data_total", Type: Counter, Labels: of(Label{"from", sources}),
		Help: "Results of chart queries, from the cache or from the database.",
		Use:  "After an upgrade the share of the cache falls and recovers. If it stays low, look at the cache."},
	{Name: "superset_sqllab_query_duration_seconds", Type: Histogram, Unit: "seconds", Labels: of(Label{"step", steps}), Buckets: durations,
		Help: "Time of SQL Lab queries, by step.",
		Use:  "A long pending step means that workers are missing or busy."},
	{Name: "superset_sqllab_errors_total", Type: Counter, Labels: of(),
		Help: "SQL Lab queries that ended with an error of Superset itself.",
		Use:  "Read the log of the workers if it increases after an upgrade."},
	{Name: "superset_report_tasks_total", Type: Counter, Labels: of(Label{"task", tasks}),
		Help: "Celery tasks of reports and alerts that have begun.",
		Use:  "The task scheduler begins once a minute: without it, beat or the workers do not run."},
	{Name: "superset_report_notifications_total", Type: Counter, Labels: of(Label{"channel", channels}, Label{"result", sent}),
		Help: "Notifications of reports and alerts, by channel and result.",
		Use:  "Compare the errors before and after an upgrade."},
}

// FromBroker describes the metrics of the health exporter, which asks the Celery broker.
var FromBroker = []Metric{
	{Name: "superset_celery_probe_success", Type: Gauge, Labels: of(),
		Help: "1 if the last look at the Celery broker succeeded, otherwise 0.",
		Use:  "On 0 read the log of the pod: without the broker no task is sent or run."},
	{Name: "superset_celery_probe_duration_seconds", Type: Gauge, Unit: "seconds", Labels: of(),
		Help: "Time of the last look at the Celery broker.",
		Use:  "It is about 3 seconds, for which it waits for answers. More is a slow broker."},
	{Name: "superset_celery_probe_timestamp_seconds", Type: Gauge, Unit: "seconds since 1970", Labels: of(),
		Help: "When the last look at the Celery broker ended.",
		Use:  "time() minus this is the age of the other values: about 30 seconds at most."},
	{Name: "superset_celery_workers", Type: Gauge, Labels: of(),
		Help: "Celery workers that answer on the broker; no series if the broker does not answer.",
		Use:  "Alert on 0 while there are pods of workers. Workers of other Supersets on the same broker without a prefix count: they take the same tasks."},
	{Name: "superset_celery_queue_length", Type: Gauge, Labels: of(Label{Name: "queue"}),
		Help: "Tasks that wait in a Celery queue; no series if the broker does not answer.",
		Use:  "Growth means that workers are missing or too slow. Tasks that a worker has already taken are not counted."},
}
