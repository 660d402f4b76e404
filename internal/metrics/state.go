// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// MaxSeries is the maximum number of series of one Superset, without those of its pods.
const MaxSeries = 31

// descriptors of the gauges of the state, by name.
var descriptors = describeGauges()

func describeGauges() map[string]*prometheus.Desc {
	out := map[string]*prometheus.Desc{}
	for _, m := range Table {
		if m.Type == Gauge {
			out[m.Name] = describe(m.Name)
		}
	}
	return out
}

// Collector reads the state of every Superset from the cache at each scrape: no series
// outlives its object, and a restart loses none.
type Collector struct {
	Reader client.Reader
	// Waits is the slot that the next run of a Superset waits for, by its uid; empty for none.
	Waits func(types.UID) v1alpha1.SlotKind
}

// Describe names the gauges.
func (*Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range descriptors {
		ch <- d
	}
}

// Collect reads the cache.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	var list v1alpha1.SupersetList
	// The objects are only read, so they need not be copied at each scrape.
	if err := c.Reader.List(context.Background(), &list, client.UnsafeDisableDeepCopy); err != nil {
		logf.Log.WithName("metrics").V(1).Info("skipped the gauges of the state", "error", err.Error()) // before the cache has started
		return
	}
	pods := c.podsByInstance()
	taken, queue := map[v1alpha1.SlotKind]int{}, map[v1alpha1.SlotKind]int{}
	for i := range list.Items {
		s := &list.Items[i]
		taken[lifecycle.HoldsSlot(s)]++
		queue[c.Waits(s.UID)]++
		g := gauges{s, ch}
		g.collect()
		g.pods(pods[client.ObjectKeyFromObject(s)])
	}
	for _, slot := range slots {
		ch <- prometheus.MustNewConstMetric(descriptors[nameSlots], prometheus.GaugeValue, float64(taken[v1alpha1.SlotKind(slot)]), slot)
		ch <- prometheus.MustNewConstMetric(descriptors[nameQueue], prometheus.GaugeValue, float64(queue[v1alpha1.SlotKind(slot)]), slot)
	}
}

// gauges sends the series of one Superset.
type gauges struct {
	s  *v1alpha1.Superset
	ch chan<- prometheus.Metric
}

// send sends one series; labels are those after namespace and name.
func (g gauges) send(name string, value float64, labels ...string) {
	g.ch <- prometheus.MustNewConstMetric(descriptors[name], prometheus.GaugeValue, value, append([]string{g.s.Namespace, g.s.Name}, labels...)...)
}

// at sends a time; none for nil.
func (g gauges) at(name string, t *metav1.Time) {
	if t != nil {
		g.send(name, float64(t.Unix()))
	}
}

func (g gauges) collect() {
	s := g.s
	g.send(nameInfo, 1, s.Status.Version, s.Spec.Version)
	g.send(nameSupported, truth(state.Supported(s.Spec.Version)), s.Spec.Version)
	g.phase()
	g.run()
	g.conditions()
	if backups := s.Status.Backups; len(backups) > 0 {
		g.at(nameBackupTime, &backups[0].TakenAt)
		if backups[0].Bytes > 0 {
			g.send(nameBackupSize, float64(backups[0].Bytes))
		}
	}
}

// phase sends one series per phase; that of the current phase is 1.
func (g gauges) phase() {
	current := phaseOf(g.s)
	for _, p := range v1alpha1.Phases {
		g.send(namePhase, truth(p == current), string(p))
	}
	g.at(namePhaseStart, g.s.Status.PhaseSince)
}

// phaseOf is the phase of a Superset: Pending before the first reconcile.
func phaseOf(s *v1alpha1.Superset) v1alpha1.Phase {
	if s.Status.Phase == "" {
		return v1alpha1.PhasePending
	}
	return s.Status.Phase
}

// run sends the times and steps of the current or the last run.
func (g gauges) run() {
	run, phase := g.s.Status.Upgrade, phaseOf(g.s)
	if run == nil {
		return
	}
	g.at(nameStart, &run.StartedAt)
	g.outcome(run, phase)
	if !state.Moving(phase) {
		return
	}
	g.at(nameCompletion, run.EstimatedCompletion)
	var step, steps int
	if n, err := fmt.Sscanf(run.Step, "%d/%d", &step, &steps); n != 2 || err != nil || steps < 2 || !slices.Contains(state.UpgradeOrder, phase) {
		return
	}
	g.send(nameStep, float64(step))
	g.send(nameSteps, float64(steps))
	g.send(nameProgress, float64(step-1)/float64(steps-1))
}

// outcome sends what the current or the last run has found and left.
func (g gauges) outcome(run *v1alpha1.UpgradeStatus, phase v1alpha1.Phase) {
	g.send(namePending, float64(run.PendingMigrations))
	if f := run.Failure; f != nil && (phase == v1alpha1.PhaseFailed || phase == v1alpha1.PhaseRolledBack) {
		g.send(nameFailed, 1, bounded(string(f.Phase), moving), bounded(f.Reason, actions))
	}
	if run.Plan != nil && run.Plan.Backup {
		g.send(nameNoBackup, truth(run.Backup == "" && migrated(run)))
	}
	if len(run.Checks) == 0 {
		return
	}
	passed := 0
	for _, c := range run.Checks {
		if c.OK {
			passed++
		}
	}
	g.send(nameChecks, float64(passed), checkPassed)
	g.send(nameChecks, float64(len(run.Checks)-passed), checkFailed)
}

// migrated is true if a run has entered the phase after its migration.
func migrated(run *v1alpha1.UpgradeStatus) bool {
	entered := func(p v1alpha1.Phase) bool {
		return slices.ContainsFunc(run.Phases, func(r v1alpha1.PhaseRecord) bool { return r.Phase == p })
	}
	return entered(v1alpha1.PhaseDBMigrate) && entered(v1alpha1.PhaseUpgradeScheduler)
}

// conditions sends what the conditions say.
func (g gauges) conditions() {
	conditions := g.s.Status.Conditions
	for _, gate := range gates {
		g.send(nameGate, truth(meta.IsStatusConditionTrue(conditions, gate)), gate)
	}
	if c := meta.FindStatusCondition(conditions, v1alpha1.ConditionSchemaInSync); c != nil && c.Status != metav1.ConditionUnknown {
		g.send(nameInSync, truth(c.Status == metav1.ConditionTrue))
	}
	for _, kind := range []string{v1alpha1.ConditionStalled, v1alpha1.ConditionAwaitingApproval} {
		if c := meta.FindStatusCondition(conditions, kind); c != nil && c.Status == metav1.ConditionTrue {
			g.send(nameAction, 1, bounded(c.Reason, actions))
			break // a stalled Superset needs one thing first
		}
	}
	if reason := waitsFor(conditions); reason != "" {
		g.send(nameBlocked, 1, reason)
	}
}

// waitsFor is the reason for which a Superset waits; empty if it does not wait, and if it is
// stalled. While a phase makes progress, the reason of Ready is the name of the phase.
func waitsFor(conditions []metav1.Condition) string {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionFalse || meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled) {
		return ""
	}
	if slices.Contains(phases, ready.Reason) {
		return ""
	}
	return bounded(ready.Reason, waits)
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
