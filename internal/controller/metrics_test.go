// SPDX-License-Identifier: Apache-2.0

package controller

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

// Every Superset has one series per phase, 1 for the one it is in; what the
// cache does not hold has none.
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
# HELP superset_operator_instance_info A Superset: the lowest version that runs and the one that spec asks for.
# TYPE superset_operator_instance_info gauge
superset_operator_instance_info{name="bi",namespace="analytics",target_version="6.0.0",version="5.0.0"} 1
superset_operator_instance_info{name="new",namespace="lab",target_version="7.0.0",version=""} 1
# HELP superset_operator_upgrade_estimated_completion_timestamp_seconds When the run under way should end, judged by the last one of its kind, in seconds since 1970.
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
# HELP superset_operator_version_supported 1 when spec.version is inside the bounds that this operator release knows.
# TYPE superset_operator_version_supported gauge
superset_operator_version_supported{name="bi",namespace="analytics",version="6.0.0"} 1
superset_operator_version_supported{name="new",namespace="lab",version="7.0.0"} 0
# HELP superset_operator_upgrade_phase 1 for the phase in which a Superset is, 0 for every other.
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

// A second manager in one process takes the place of the first.
func TestRegisterStateTwice(t *testing.T) {
	for range 2 {
		if err := registerState(&Collector{Reader: cacheOf(t)}); err != nil {
			t.Fatal(err)
		}
	}
}

// Counters grow with what was persisted: a phase when it is left, a run when
// its line of history is written.
func TestMeasure(t *testing.T) {
	at := func(seconds int64, phase v1alpha1.Phase, history ...v1alpha1.HistoryEntry) *v1alpha1.Superset {
		since := metav1.Unix(seconds, 0)
		return &v1alpha1.Superset{Status: v1alpha1.SupersetStatus{Phase: phase, PhaseSince: &since, History: history}}
	}
	install := v1alpha1.HistoryEntry{Revision: 1, Kind: v1alpha1.KindInstall, Result: v1alpha1.ResultSucceeded, FinishedAt: metav1.Unix(5, 0)}
	upgrade := v1alpha1.HistoryEntry{Revision: 2, Kind: v1alpha1.KindUpgrade, Result: v1alpha1.ResultFailed}
	moved, stayed := &lifecycle.Decision{Move: lifecycle.Migrated}, &lifecycle.Decision{}
	count := func(phase string) (n uint64, sum float64) {
		return histogram(t, phase)
	}
	ended := func(e v1alpha1.HistoryEntry) float64 {
		return testutil.ToFloat64(upgradesTotal.WithLabelValues(string(e.Kind), string(e.Result)))
	}
	n, sum := count("DBMigrate")
	installs, upgrades := ended(install), ended(upgrade)

	measure(at(0, "DBMigrate"), at(70, "UpgradeScheduler"), moved)
	measure(at(0, "DBMigrate"), at(70, "UpgradeScheduler"), stayed)
	if n2, sum2 := count("DBMigrate"); n2 != n+1 || sum2 != sum+70 {
		t.Errorf("counted %d times, %v seconds; want once, 70", n2-n, sum2-sum)
	}
	resting, _ := count("Ready")
	measure(at(0, "Ready", install), at(70, "Validate", install), moved)
	if again, _ := count("Ready"); again != resting {
		t.Error("how long a Superset rested is no duration of an upgrade")
	}
	if ended(install) != installs {
		t.Error("a line of history that stood there before is counted")
	}
	measure(at(0, "Verify"), at(1, "Ready", install), moved)
	measure(at(0, "DBMigrate", install), at(1, "Failed", upgrade, install), moved)
	if ended(install) != installs+1 || ended(upgrade) != upgrades+1 {
		t.Errorf("installs %v, failed upgrades %v more; want one each", ended(install)-installs, ended(upgrade)-upgrades)
	}
	// What the locks of a migration took is counted when it ends, once.
	done := at(70, "UpgradeScheduler")
	done.Status.Upgrade = &v1alpha1.UpgradeStatus{Locks: &v1alpha1.LockStatus{Tries: 11}}
	tries := testutil.ToFloat64(lockTries)
	measure(at(0, "DBMigrate"), done, moved)
	measure(done, done, &lifecycle.Decision{Move: lifecycle.SchedulerHeld})
	measure(at(0, "DBMigrate"), done, &lifecycle.Decision{Gate: v1alpha1.ConditionAwaitingApproval})
	if got := testutil.ToFloat64(lockTries) - tries; got != 22 {
		t.Errorf("%v tries counted, want 11 at the move and 11 at the gate", got)
	}
	// The same moment, as read from the API server and as just made.
	here := install
	here.FinishedAt = metav1.NewTime(time.Unix(5, 0).UTC())
	measure(at(0, "Ready", install), at(1, "Validate", here), moved)
	if ended(install) != installs+1 {
		t.Error("a line is counted again for the zone of its clock")
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

// A way back counts when it begins, by what asked for it and by its class.
func TestRollbacksCount(t *testing.T) {
	for want, d := range map[[2]string]lifecycle.Decision{
		{"Failure", "Image"}:        {Move: lifecycle.RollBack, Failed: true, Way: v1alpha1.RollbackStatus{Class: v1alpha1.RollbackImage}},
		{"Failure", "Restore"}:      {Move: lifecycle.NextClass, Way: v1alpha1.RollbackStatus{Class: v1alpha1.RollbackRestore}},
		{"Spec", "Downgrade"}:       {Move: lifecycle.RollBack, Reason: v1alpha1.ReasonSpecReverted, Way: v1alpha1.RollbackStatus{Class: v1alpha1.RollbackDowngrade}},
		{"Annotation", "Downgrade"}: {Move: lifecycle.RollBack, Reason: v1alpha1.ReasonRollbackRequested, Way: v1alpha1.RollbackStatus{Class: v1alpha1.RollbackDowngrade}},
	} {
		count := func() float64 { return testutil.ToFloat64(rollbacksTotal.WithLabelValues(want[0], want[1])) }
		before := count()
		measure(&v1alpha1.Superset{}, &v1alpha1.Superset{}, &d)
		measure(&v1alpha1.Superset{}, &v1alpha1.Superset{}, &lifecycle.Decision{Move: lifecycle.Verified})
		if got := count() - before; got != 1 {
			t.Errorf("%v counts %v times, want once", want, got)
		}
	}
}
