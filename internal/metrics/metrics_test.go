// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

func cacheOf(t *testing.T, objects ...client.Object) client.WithWatch {
	t.Helper()
	s := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(s); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(s).WithObjects(objects...).Build()
}

// Every Superset has one series per phase, with 1 for its current phase. Without a cache there are
// no series.
func TestCollector(t *testing.T) {
	bi := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Namespace: "analytics", Name: "bi"}}
	bi.Spec.Version, bi.Status.Version, bi.Status.Phase = "6.0.0", "5.0.0", v1alpha1.PhaseVerify
	since := metav1.Unix(1_700_000_000, 0)
	bi.Status.PhaseSince = &since
	end := metav1.Unix(1_700_000_090, 0)
	bi.Status.Upgrade = &v1alpha1.UpgradeStatus{EstimatedCompletion: &end}
	bi.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionAwaitingApproval, Status: metav1.ConditionTrue}}
	fresh := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Namespace: "lab", Name: "new"}}
	fresh.Spec.Version = "7.0.0"
	want := `
# HELP superset_operator_instance_info A Superset: the lowest running version and the one that spec asks for.
# TYPE superset_operator_instance_info gauge
superset_operator_instance_info{name="bi",namespace="analytics",target_version="6.0.0",version="5.0.0"} 1
superset_operator_instance_info{name="new",namespace="lab",target_version="7.0.0",version=""} 1
# HELP superset_operator_upgrade_estimated_completion_timestamp_seconds When the current run should end, estimated from the last one of its kind, in seconds since 1970.
# TYPE superset_operator_upgrade_estimated_completion_timestamp_seconds gauge
superset_operator_upgrade_estimated_completion_timestamp_seconds{name="bi",namespace="analytics"} 1.70000009e+09
# HELP superset_operator_upgrade_gate 1 while a Superset waits at a gate: AwaitingApproval, OutsideWindow or Paused.
# TYPE superset_operator_upgrade_gate gauge
superset_operator_upgrade_gate{gate="AwaitingApproval",name="bi",namespace="analytics"} 1
superset_operator_upgrade_gate{gate="AwaitingApproval",name="new",namespace="lab"} 0
superset_operator_upgrade_gate{gate="OutsideWindow",name="bi",namespace="analytics"} 0
superset_operator_upgrade_gate{gate="OutsideWindow",name="new",namespace="lab"} 0
superset_operator_upgrade_gate{gate="Paused",name="bi",namespace="analytics"} 0
superset_operator_upgrade_gate{gate="Paused",name="new",namespace="lab"} 0
# HELP superset_operator_upgrade_phase_start_timestamp_seconds When the phase of a Superset began, in seconds since 1970.
# TYPE superset_operator_upgrade_phase_start_timestamp_seconds gauge
superset_operator_upgrade_phase_start_timestamp_seconds{name="bi",namespace="analytics"} 1.7e+09
# HELP superset_operator_version_supported 1 when this operator release supports spec.version.
# TYPE superset_operator_version_supported gauge
superset_operator_version_supported{name="bi",namespace="analytics",version="6.0.0"} 1
superset_operator_version_supported{name="new",namespace="lab",version="7.0.0"} 0
# HELP superset_operator_upgrade_phase 1 for the current phase of a Superset, 0 for every other.
# TYPE superset_operator_upgrade_phase gauge
`
	for _, p := range v1alpha1.Phases {
		one := map[v1alpha1.Phase]string{v1alpha1.PhaseVerify: "1"}[p]
		two := map[v1alpha1.Phase]string{v1alpha1.PhasePending: "1"}[p]
		want += `superset_operator_upgrade_phase{name="bi",namespace="analytics",phase="` + string(p) + `"} ` + or(one, "0") + "\n"
		want += `superset_operator_upgrade_phase{name="new",namespace="lab",phase="` + string(p) + `"} ` + or(two, "0") + "\n"
	}
	c := &Collector{Reader: cacheOf(t, bi, fresh)}
	if err := testutil.CollectAndCompare(c, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	broken := interceptor.NewClient(cacheOf(t, bi), interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			return errors.New("the cache has not started")
		},
	})
	if n := testutil.CollectAndCount(&Collector{Reader: broken}); n != 0 {
		t.Errorf("%d series without a cache", n)
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Counters follow the recorded status: a phase counts when it ends, a run when its line of history
// is written.
func TestMeasure(t *testing.T) {
	at := func(seconds int64, phase v1alpha1.Phase, history ...v1alpha1.HistoryEntry) *v1alpha1.Superset {
		since := metav1.Unix(seconds, 0)
		return &v1alpha1.Superset{Status: v1alpha1.SupersetStatus{Phase: phase, PhaseSince: &since, History: history}}
	}
	install := v1alpha1.HistoryEntry{Revision: 1, Kind: v1alpha1.KindInstall, Result: v1alpha1.ResultSucceeded, FinishedAt: metav1.Unix(5, 0)}
	upgrade := v1alpha1.HistoryEntry{Revision: 2, Kind: v1alpha1.KindUpgrade, Result: v1alpha1.ResultFailed}
	move, noMove := moves(lifecycle.Migrated), &lifecycle.Decision{}
	count := func(phase string) (n uint64, sum float64) {
		return histogram(t, phase)
	}
	ended := func(e v1alpha1.HistoryEntry) float64 {
		return testutil.ToFloat64(upgradesTotal.WithLabelValues(string(e.Kind), string(e.Result)))
	}
	n, sum := count("DBMigrate")
	installs, upgrades := ended(install), ended(upgrade)

	Measure(at(0, "DBMigrate"), at(70, "UpgradeScheduler"), move)
	Measure(at(0, "DBMigrate"), at(70, "UpgradeScheduler"), noMove)
	if n2, sum2 := count("DBMigrate"); n2 != n+1 || sum2 != sum+70 {
		t.Errorf("counted %d times, %v seconds; want once, 70", n2-n, sum2-sum)
	}
	resting, _ := count("Ready")
	Measure(at(0, "Ready", install), at(70, "Validate", install), move)
	if again, _ := count("Ready"); again != resting {
		t.Error("the duration of a resting phase is counted")
	}
	if ended(install) != installs {
		t.Error("an existing line of history is counted")
	}
	Measure(at(0, "Verify"), at(1, "Ready", install), move)
	Measure(at(0, "DBMigrate", install), at(1, "Failed", upgrade, install), move)
	if ended(install) != installs+1 || ended(upgrade) != upgrades+1 {
		t.Errorf("%v more installs, %v more failed upgrades; want one each", ended(install)-installs, ended(upgrade)-upgrades)
	}
	// The lock attempts of a migration are counted once, when it ends.
	done := at(70, "UpgradeScheduler")
	done.Status.Upgrade = &v1alpha1.UpgradeStatus{Locks: &v1alpha1.LockStatus{Tries: 11}}
	tries := testutil.ToFloat64(lockTries)
	Measure(at(0, "DBMigrate"), done, move)
	Measure(done, done, moves(lifecycle.SchedulerHeld))
	Measure(at(0, "DBMigrate"), done, &lifecycle.Decision{Kind: lifecycle.KindWait, Wait: lifecycle.Wait{Gate: v1alpha1.ConditionAwaitingApproval}})
	if got := testutil.ToFloat64(lockTries) - tries; got != 22 {
		t.Errorf("%v tries counted, want 11 at the move and 11 at the gate", got)
	}
	// The same time in two time zones, as read from the API server and as just written.
	utc := install
	utc.FinishedAt = metav1.NewTime(time.Unix(5, 0).UTC())
	Measure(at(0, "Ready", install), at(1, "Validate", utc), move)
	if ended(install) != installs+1 {
		t.Error("a line is counted again because of its time zone")
	}
}

func histogram(t *testing.T, phase string) (uint64, float64) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(phaseDuration)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if m.GetLabel()[0].GetValue() == phase {
				return m.GetHistogram().GetSampleCount(), m.GetHistogram().GetSampleSum()
			}
		}
	}
	return 0, 0
}

// moves is a decision to move on an event.
func moves(e lifecycle.Event) *lifecycle.Decision {
	return &lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: e}}
}

// A rollback counts when it begins, by its trigger and class.
func TestRollbacksCount(t *testing.T) {
	of := func(e lifecycle.Event, failed bool, reason string, class v1alpha1.RollbackClass) *lifecycle.Decision {
		d := moves(e)
		d.Move.Failed, d.Reason, d.Move.Rollback.How.Class = failed, reason, class
		return d
	}
	for want, d := range map[[2]string]*lifecycle.Decision{
		{"Failure", "Image"}:        of(lifecycle.RollBack, true, "", v1alpha1.RollbackImage),
		{"Failure", "Restore"}:      of(lifecycle.NextClass, false, "", v1alpha1.RollbackRestore),
		{"Spec", "Downgrade"}:       of(lifecycle.RollBack, false, v1alpha1.ReasonSpecReverted, v1alpha1.RollbackDowngrade),
		{"Annotation", "Downgrade"}: of(lifecycle.RollBack, false, v1alpha1.ReasonRollbackRequested, v1alpha1.RollbackDowngrade),
	} {
		count := func() float64 { return testutil.ToFloat64(rollbacksTotal.WithLabelValues(want[0], want[1])) }
		before := count()
		Measure(&v1alpha1.Superset{}, &v1alpha1.Superset{}, d)
		Measure(&v1alpha1.Superset{}, &v1alpha1.Superset{}, moves(lifecycle.Verified))
		if got := count() - before; got != 1 {
			t.Errorf("%v is counted %v times, want once", want, got)
		}
	}
}
