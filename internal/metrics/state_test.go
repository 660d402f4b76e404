// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

func cacheOf(t *testing.T, objects ...client.Object) client.WithWatch {
	t.Helper()
	s := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(s), corev1.AddToScheme(s)); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(s).WithObjects(objects...).Build()
}

// collector reads a cache. Every Superset named ok waits for a slot.
func collector(r client.Reader) *Collector {
	return &Collector{Reader: r, Waits: func(uid types.UID) v1alpha1.SlotKind {
		if uid == "ok" {
			return v1alpha1.SlotRollout
		}
		return ""
	}}
}

func condition(kind string, status metav1.ConditionStatus, reason string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason}
}

// waiting is in Validate, at a gate, with everything that a series can be made of.
func waiting() *v1alpha1.Superset {
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Namespace: "analytics", Name: "bi"}}
	s.Spec.Version, s.Status.Version, s.Status.Phase = "6.0.0", "5.0.0", v1alpha1.PhaseUpgradeWorkers
	start, since, end := metav1.Unix(1_700_000_000, 0), metav1.Unix(1_700_000_060, 0), metav1.Unix(1_700_000_090, 0)
	s.Status.PhaseSince = &since
	s.Status.Upgrade = &v1alpha1.UpgradeStatus{
		StartedAt: start, EstimatedCompletion: &end, Step: "4/7", Slot: v1alpha1.SlotUpgrade, PendingMigrations: 12,
		Plan: &v1alpha1.Plan{Backup: true}, Backup: "r7", Checks: []v1alpha1.CheckStatus{{OK: true}, {}, {OK: true}},
		Phases:  []v1alpha1.PhaseRecord{{Phase: v1alpha1.PhaseDBMigrate}, {Phase: v1alpha1.PhaseUpgradeScheduler}},
		Failure: &v1alpha1.Failure{Phase: v1alpha1.PhaseRollback, Reason: "RestoreFailed"}, // counts once the run has failed
	}
	s.Status.Backups = []v1alpha1.BackupStatus{{Name: "r7", TakenAt: start, Bytes: 4096}, {Name: "r6", TakenAt: metav1.Unix(1, 0), Bytes: 1}}
	s.Status.Conditions = []metav1.Condition{
		condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDataLossNotAccepted),
		condition(v1alpha1.ConditionAwaitingApproval, metav1.ConditionTrue, v1alpha1.ReasonDataLossNotAccepted),
		condition(v1alpha1.ConditionSchemaInSync, metav1.ConditionTrue, v1alpha1.ReasonInSync),
	}
	return s
}

// series are the series of the collector as "name{further labels} value", without those of the
// gates and phases that are 0, and without the prefix and the labels of the Superset.
func series(t *testing.T, objects ...client.Object) []string {
	t.Helper()
	var out []string
	for name, values := range all(t, objects...) {
		for labels, value := range values {
			hidden := []string{namePhase, nameGate, nameSlots, nameQueue, nameNoBackup, nameChecks}
			if slices.Contains(hidden, name) && value == 0 {
				continue
			}
			out = append(out, fmt.Sprintf("%s{%s} %v", strings.TrimPrefix(name, prefix), labels, value))
		}
	}
	slices.Sort(out)
	return out
}

// all are the values of the collector by name and labels.
func all(t *testing.T, objects ...client.Object) map[string]map[string]float64 {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(collector(cacheOf(t, objects...)))
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]float64{}
	for _, f := range families {
		out[f.GetName()] = map[string]float64{}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				if l.GetName() != "name" && l.GetName() != "namespace" {
					labels = append(labels, l.GetName()+"="+l.GetValue())
				}
			}
			out[f.GetName()][strings.Join(labels, ",")] = m.GetGauge().GetValue()
		}
	}
	return out
}

func TestState(t *testing.T) {
	stalled := func(reason string, phase v1alpha1.Phase) *v1alpha1.Superset {
		s := waiting()
		s.Status.Upgrade.Backup, s.Status.Upgrade.Failure.Reason = "", reason
		s.Status.Phase, s.Status.Backups[0].Bytes = phase, 0
		s.Status.Conditions = []metav1.Condition{
			condition(v1alpha1.ConditionReady, metav1.ConditionFalse, reason),
			condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, reason),
			condition(v1alpha1.ConditionAwaitingApproval, metav1.ConditionTrue, v1alpha1.ReasonAwaitingApproval), // counts once
			condition(v1alpha1.ConditionSchemaInSync, metav1.ConditionFalse, v1alpha1.ReasonAheadAfterRollback),
			condition(v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonPaused),
		}
		return s
	}
	fresh := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Namespace: "lab", Name: "new"}}
	fresh.Spec.Version = "7.0.0"
	back := waiting()
	back.Status.Phase, back.Status.Backups = v1alpha1.PhaseRollback, nil
	back.Status.Upgrade.Plan, back.Status.Upgrade.Checks, back.Status.Upgrade.PendingMigrations = nil, nil, 0
	back.Status.Conditions = []metav1.Condition{
		condition(v1alpha1.ConditionReady, metav1.ConditionFalse, "Rollback"),
		condition(v1alpha1.ConditionSchemaInSync, metav1.ConditionUnknown, v1alpha1.ReasonUnknown),
	}
	ready := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Namespace: "lab", Name: "ok", UID: "ok"}}
	ready.Spec.Version, ready.Status.Version, ready.Status.Phase = "6.0.0", "6.0.0", v1alpha1.PhaseReady
	ready.Status.Conditions = []metav1.Condition{condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTierNotReady)}
	for name, c := range map[string]struct {
		s    *v1alpha1.Superset
		want string
	}{
		"waits for the acceptance of a data loss": {waiting(), `action_required{reason=DataLossNotAccepted} 1
instance_info{target_version=6.0.0,version=5.0.0} 1
last_backup_size_bytes{} 4096
last_backup_timestamp_seconds{} 1.7e+09
schema_in_sync{} 1
upgrade_blocked{reason=DataLossNotAccepted} 1
upgrade_checks{result=Failed} 1
upgrade_checks{result=Passed} 2
upgrade_estimated_completion_timestamp_seconds{} 1.70000009e+09
upgrade_gate{gate=AwaitingApproval} 1
upgrade_pending_migrations{} 12
upgrade_phase_start_timestamp_seconds{} 1.70000006e+09
upgrade_phase{phase=UpgradeWorkers} 1
upgrade_progress_ratio{} 0.5
upgrade_start_timestamp_seconds{} 1.7e+09
upgrade_steps{} 7
upgrade_step{} 4
version_supported{version=6.0.0} 1`},
		"failed": {stalled("MigrationFailed", v1alpha1.PhaseFailed), `action_required{reason=MigrationFailed} 1
instance_info{target_version=6.0.0,version=5.0.0} 1
last_backup_timestamp_seconds{} 1.7e+09
schema_in_sync{} 0
upgrade_backup_missing{} 1
upgrade_checks{result=Failed} 1
upgrade_checks{result=Passed} 2
upgrade_failed{phase=Rollback,reason=MigrationFailed} 1
upgrade_gate{gate=AwaitingApproval} 1
upgrade_gate{gate=Paused} 1
upgrade_pending_migrations{} 12
upgrade_phase_start_timestamp_seconds{} 1.70000006e+09
upgrade_phase{phase=Failed} 1
upgrade_start_timestamp_seconds{} 1.7e+09
version_supported{version=6.0.0} 1`},
		"failed, with the reason of a newer release": {stalled("Unheard", v1alpha1.PhaseRolledBack), `action_required{reason=Other} 1
instance_info{target_version=6.0.0,version=5.0.0} 1
last_backup_timestamp_seconds{} 1.7e+09
schema_in_sync{} 0
upgrade_backup_missing{} 1
upgrade_checks{result=Failed} 1
upgrade_checks{result=Passed} 2
upgrade_failed{phase=Rollback,reason=Other} 1
upgrade_gate{gate=AwaitingApproval} 1
upgrade_gate{gate=Paused} 1
upgrade_pending_migrations{} 12
upgrade_phase_start_timestamp_seconds{} 1.70000006e+09
upgrade_phase{phase=RolledBack} 1
upgrade_start_timestamp_seconds{} 1.7e+09
version_supported{version=6.0.0} 1`},
		"rolls back": {back, `instance_info{target_version=6.0.0,version=5.0.0} 1
slots_taken{slot=Upgrade} 1
upgrade_estimated_completion_timestamp_seconds{} 1.70000009e+09
upgrade_pending_migrations{} 0
upgrade_phase_start_timestamp_seconds{} 1.70000006e+09
upgrade_phase{phase=Rollback} 1
upgrade_start_timestamp_seconds{} 1.7e+09
version_supported{version=6.0.0} 1`},
		"new": {fresh, `instance_info{target_version=7.0.0,version=} 1
upgrade_phase{phase=Pending} 1
version_supported{version=7.0.0} 0`},
		"a pod is not ready": {ready, `instance_info{target_version=6.0.0,version=6.0.0} 1
slots_waiting{slot=Rollout} 1
upgrade_blocked{reason=TierNotReady} 1
upgrade_phase{phase=Ready} 1
version_supported{version=6.0.0} 1`},
	} {
		if got := strings.Join(series(t, c.s), "\n"); got != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, c.want)
		}
	}
}

// Each phase, gate and slot has its series. MaxSeries is reached, and is not exceeded.
func TestSeriesPerSuperset(t *testing.T) {
	if n := len(all(t)); n != 2 {
		t.Errorf("%d metrics without a Superset, want those of the slots only", n)
	}
	count := func(objects ...client.Object) int {
		return testutil.CollectAndCount(collector(cacheOf(t, objects...)))
	}
	none := count()
	if got := count(waiting()) - none; none != 2*len(slots) || got != MaxSeries {
		t.Errorf("%d series for the slots and %d for a Superset, want %d and %d", none, got, 2*len(slots), MaxSeries)
	}
	second := waiting()
	second.Name = "second"
	if got := count(waiting(), second) - none; got != 2*MaxSeries {
		t.Errorf("%d series for two, want %d", got, 2*MaxSeries)
	}
	failed := waiting()
	failed.Status.Phase = v1alpha1.PhaseFailed
	values := all(t, append(podsOf("worker", "5.0.0", true), waiting())...)
	values[nameFailed] = all(t, failed)[nameFailed]
	if len(values[namePhase]) != len(v1alpha1.Phases) || len(values[nameGate]) != len(gates) {
		t.Errorf("phases %v, gates %v", values[namePhase], values[nameGate])
	}
	for _, m := range Table {
		if _, sent := values[m.Name]; m.Type == Gauge && !sent {
			t.Errorf("%s is in the table and has no series", m.Name)
		}
	}
	if problems, err := testutil.CollectAndLint(collector(cacheOf(t, append(podsOf("worker", "5.0.0", true), waiting())...))); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// Without a cache there are no series.
func TestWithoutCache(t *testing.T) {
	broken := interceptor.NewClient(cacheOf(t, waiting()), interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			return errors.New("the cache has not started")
		},
	})
	if n := testutil.CollectAndCount(collector(broken)); n != 0 {
		t.Errorf("%d series without a cache", n)
	}
}
