// SPDX-License-Identifier: Apache-2.0

// Package metrics has the metrics of the upgrade machine: counters and histograms of what was
// persisted, and gauges of the state, read from the cache.
package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Counters and histograms of what was persisted. They have no label for the object, so the
// number of series does not grow with the number of Supersets.
var (
	phaseDuration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "superset_operator_upgrade_phase_duration_seconds",
		Help:    "How long a phase of the upgrade machine took.",
		Buckets: []float64{1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800},
	}, []string{"phase"})
	upgradesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "superset_operator_upgrades_total",
		Help: "Ended runs of the upgrade machine.",
	}, []string{"kind", "result"})
	rollbacksTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "superset_operator_rollbacks_total",
		Help: "Rollbacks that were started, by trigger (Failure, Annotation or Spec) and class; one that continues with the next class counts again.",
	}, []string{"trigger", "class"})
	lockWait = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "superset_operator_migration_lock_wait_seconds",
		Help:    "How long a migration under live traffic took to lock every table, or until it was aborted.",
		Buckets: []float64{0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300},
	})
	lockHeld = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "superset_operator_migration_lock_held_seconds",
		Help:    "How long a migration under live traffic held the table locks.",
		Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60},
	})
	lockTries = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "superset_operator_migration_lock_tries_total",
		Help: "How often migrations under live traffic tried to lock every table.",
	})
)

func init() {
	registry.Registry.MustRegister(phaseDuration, upgradesTotal, rollbacksTotal, lockWait, lockHeld, lockTries)
}

// Measure counts what has changed between two persisted statuses.
func Measure(before, after *v1alpha1.Superset, d *lifecycle.Decision) {
	measureLocks(before.Status.Upgrade, after.Status.Upgrade) // also while a gate holds the move
	if d.Kind != lifecycle.KindMove {
		return
	}
	if d.Moves(lifecycle.RollBack, lifecycle.NextClass) {
		rollbacksTotal.WithLabelValues(trigger(d), string(d.Move.Rollback.How.Class)).Inc()
	}
	if since := before.Status.PhaseSince; since != nil && after.Status.PhaseSince != nil {
		took := after.Status.PhaseSince.Sub(since.Time)
		if p := before.Status.Phase; state.Moving(p) {
			phaseDuration.WithLabelValues(string(p)).Observe(took.Seconds())
		}
	}
	history := after.Status.History
	if len(history) > 0 && (len(before.Status.History) == 0 || !equality.Semantic.DeepEqual(history[0], before.Status.History[0])) {
		upgradesTotal.WithLabelValues(string(history[0].Kind), string(history[0].Result)).Inc()
	}
}

// measureLocks counts the table locks of a migration, once.
func measureLocks(before, after *v1alpha1.UpgradeStatus) {
	if after == nil || after.Locks == nil || before != nil && equality.Semantic.DeepEqual(before.Locks, after.Locks) {
		return
	}
	lockTries.Add(float64(after.Locks.Tries))
	lockWait.Observe(after.Locks.Waited.Seconds())
	if after.Locks.Held.Duration > 0 { // else it never held them all
		lockHeld.Observe(after.Locks.Held.Seconds())
	}
}

// Gauges of the state, read from the cache.
var (
	descInfo = prometheus.NewDesc("superset_operator_instance_info",
		"A Superset: the lowest running version and the one that spec asks for.", []string{"namespace", "name", "version", "target_version"}, nil)
	descPhase = prometheus.NewDesc("superset_operator_upgrade_phase",
		"1 for the current phase of a Superset, 0 for every other.", []string{"namespace", "name", "phase"}, nil)
	descSince = prometheus.NewDesc("superset_operator_upgrade_phase_start_timestamp_seconds",
		"When the phase of a Superset began, in seconds since 1970.", []string{"namespace", "name"}, nil)
	descCompletion = prometheus.NewDesc("superset_operator_upgrade_estimated_completion_timestamp_seconds",
		"When the current run should end, estimated from the last one of its kind, in seconds since 1970.", []string{"namespace", "name"}, nil)
	descGate = prometheus.NewDesc("superset_operator_upgrade_gate",
		"1 while a Superset waits at a gate: AwaitingApproval, OutsideWindow or Paused.", []string{"namespace", "name", "gate"}, nil)
	descSupported = prometheus.NewDesc("superset_operator_version_supported",
		"1 when this operator release supports spec.version.", []string{"namespace", "name", "version"}, nil)
)

// Collector reads the state of every Superset from the cache at each scrape: no series
// outlives its object, and a restart loses none.
type Collector struct{ Reader client.Reader }

// Describe names the gauges.
func (*Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descInfo, descPhase, descSince, descCompletion, descGate, descSupported} {
		ch <- d
	}
}

// Collect reads the cache.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	ctx := context.Background()
	var list v1alpha1.SupersetList
	if err := c.Reader.List(ctx, &list); err != nil {
		logf.Log.V(1).Info("skipped the state gauges", "error", err.Error()) // before the cache has started
		return
	}
	for i := range list.Items {
		collect(&list.Items[i], ch)
	}
}

func collect(s *v1alpha1.Superset, ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{s.Namespace, s.Name}, labels...)...)
	}
	gauge(descInfo, 1, s.Status.Version, s.Spec.Version)
	gauge(descSupported, truth(state.Supported(s.Spec.Version)), s.Spec.Version)
	phase := s.Status.Phase
	if phase == "" {
		phase = v1alpha1.PhasePending
	}
	for _, p := range v1alpha1.Phases {
		gauge(descPhase, truth(p == phase), string(p))
	}
	for _, gate := range []string{v1alpha1.ConditionAwaitingApproval, v1alpha1.ConditionOutsideWindow, v1alpha1.ConditionPaused} {
		gauge(descGate, truth(meta.IsStatusConditionTrue(s.Status.Conditions, gate)), gate)
	}
	if u := s.Status.Upgrade; u != nil && u.EstimatedCompletion != nil && state.Moving(phase) {
		gauge(descCompletion, float64(u.EstimatedCompletion.Unix()))
	}
	if s.Status.PhaseSince != nil {
		gauge(descSince, float64(s.Status.PhaseSince.Unix()))
	}
}

// trigger is what asked for a rollback.
func trigger(d *lifecycle.Decision) string {
	switch {
	case d.Move.Failed, d.Moves(lifecycle.NextClass):
		return "Failure"
	case d.Reason == v1alpha1.ReasonSpecReverted:
		return "Spec"
	default:
		return "Annotation"
	}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
