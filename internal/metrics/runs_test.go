// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// at is a Superset whose phase began at that second.
func at(seconds int64, phase v1alpha1.Phase, history ...v1alpha1.HistoryEntry) *v1alpha1.Superset {
	since := metav1.Unix(seconds, 0)
	return &v1alpha1.Superset{Status: v1alpha1.SupersetStatus{Phase: phase, PhaseSince: &since, History: history}}
}

// moves is a decision to move on an event.
func moves(e lifecycle.Event) *lifecycle.Decision {
	return &lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: e}}
}

// observed is the count and the sum of the histogram with these label values.
func observed(t *testing.T, v *prometheus.HistogramVec, values ...string) (uint64, float64) {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(v)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range families[0].GetMetric() {
		var got []string
		for _, l := range m.GetLabel() {
			got = append(got, l.GetValue())
		}
		if slices.Equal(got, values) {
			return m.GetHistogram().GetSampleCount(), m.GetHistogram().GetSampleSum()
		}
	}
	t.Fatalf("no series for %v", values)
	return 0, 0
}

// phaseTimes is what a call observes of a phase: how often, and the seconds of work and waiting.
func phaseTimes(t *testing.T, phase string, call func()) (n uint64, work, wait float64) {
	t.Helper()
	n1, work1 := observed(t, worked, phase)
	m1, wait1 := observed(t, waited, phase)
	call()
	n2, work2 := observed(t, worked, phase)
	m2, wait2 := observed(t, waited, phase)
	if n2-n1 != m2-m1 {
		t.Errorf("%s: %d working times and %d waiting times", phase, n2-n1, m2-m1)
	}
	return n2 - n1, work2 - work1, wait2 - wait1
}

// A phase counts when it ends. Its times of work and waiting add up to its duration.
func TestPhaseTimes(t *testing.T) {
	for name, c := range map[string]struct {
		from       v1alpha1.Phase
		d          *lifecycle.Decision
		worked     time.Duration
		n          uint64
		work, wait float64
	}{
		"works":              {"DBMigrate", moves(lifecycle.Migrated), 100 * time.Second, 1, 100, 0},
		"works and waits":    {"DBMigrate", moves(lifecycle.Migrated), 70 * time.Second, 1, 70, 30},
		"fractions":          {"Verify", moves(lifecycle.Verified), 99600 * time.Millisecond, 1, 100, 0},
		"a clock that skips": {"Verify", moves(lifecycle.Verified), 1000 * time.Second, 1, 100, 0},
		"no move":            {"DBMigrate", &lifecycle.Decision{}, 70 * time.Second, 0, 0, 0},
	} {
		n, work, wait := phaseTimes(t, string(c.from), func() {
			Measure(at(0, c.from), at(100, "Ready"), c.d, lifecycle.Taken{Worked: c.worked})
		})
		if n != c.n || work != c.work || wait != c.wait {
			t.Errorf("%s: observed %d times, %vs of work, %vs of waiting; want %d, %v, %v", name, n, work, wait, c.n, c.work, c.wait)
		}
	}
	for _, phase := range phases[:4] {
		Measure(at(0, v1alpha1.Phase(phase)), at(70, "Validate"), moves(lifecycle.Begin), lifecycle.Taken{})
		if testutil.CollectAndCount(worked) != len(moving) {
			t.Errorf("the duration of the resting phase %s is observed", phase)
		}
	}
}

// The pauses of a phase without Jobs are not working time: one that has ended, one that ends
// with the move, and one that began in the phase before. Those of a phase with Jobs, or at a
// gate, are not in its working time in the first place.
func TestPauses(t *testing.T) {
	paused := func(phase v1alpha1.Phase, from int64, phases ...v1alpha1.PhaseRecord) *v1alpha1.Superset {
		s := at(100, phase)
		s.UID, s.Status.Upgrade = "u", &v1alpha1.UpgradeStatus{Phases: phases}
		s.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionPaused, Status: metav1.ConditionTrue, LastTransitionTime: metav1.Unix(from, 0)}}
		return s
	}
	running := func(phase v1alpha1.Phase) *v1alpha1.Superset {
		s := at(100, phase)
		s.UID = "u"
		return s
	}
	now := func(seconds int64) lifecycle.Taken {
		return lifecycle.Taken{Now: time.Unix(seconds, 0), Worked: time.Duration(seconds-100) * time.Second}
	}
	stay, move := &lifecycle.Decision{}, moves(lifecycle.WebUpgraded)
	n, work, wait := phaseTimes(t, "UpgradeWeb", func() {
		Measure(paused("UpgradeWeb", 50), running("UpgradeWeb"), stay, now(200))            // 100 s of it in the phase
		Measure(paused("UpgradeWeb", 300), paused("UpgradeWeb", 300), stay, now(400))       // goes on
		Measure(paused("UpgradeWeb", 300), running("UpgradeWeb"), stay, now(500))           // 200 s
		Measure(running("UpgradeWeb"), running("UpgradeWeb"), stay, now(600))               // no pause
		Measure(paused("UpgradeWeb", 900), at(1100, v1alpha1.PhaseVerify), move, now(1100)) // 200 s
	})
	if n != 1 || work != 500 || wait != 500 {
		t.Errorf("UpgradeWeb: observed %d times, %vs of work, %vs of waiting; want once, 500, 500", n, work, wait)
	}
	seconds := int64(50)
	gate := v1alpha1.PhaseRecord{Phase: "UpgradeWeb", Seconds: &seconds}
	n, work, _ = phaseTimes(t, "UpgradeWeb", func() {
		Measure(paused("UpgradeWeb", 300, gate), running("UpgradeWeb"), stay, now(500))
		Measure(running("UpgradeWeb"), at(1100, v1alpha1.PhaseVerify), move, lifecycle.Taken{Worked: 50 * time.Second})
	})
	if n != 1 || work != 50 {
		t.Errorf("paused at a gate: observed %d times, %vs of work; want once, 50", n, work)
	}
	n, work, _ = phaseTimes(t, "Verify", func() {
		Measure(paused("Verify", 300), running("Verify"), stay, now(500))
		Measure(running("Verify"), at(1100, "Ready"), move, lifecycle.Taken{Worked: 60 * time.Second})
	})
	if n != 1 || work != 60 {
		t.Errorf("a phase with Jobs: observed %d times, %vs of work; want once, 60", n, work)
	}
	if pauses.Len() != 0 {
		t.Errorf("%d pauses are remembered after their phases", pauses.Len())
	}
}

// A run counts when its line of history is written, once.
func TestRuns(t *testing.T) {
	install := v1alpha1.HistoryEntry{Revision: 1, Kind: v1alpha1.KindInstall, Result: v1alpha1.ResultSucceeded, StartedAt: metav1.Unix(2, 0), FinishedAt: metav1.Unix(5, 0)}
	upgrade := v1alpha1.HistoryEntry{Revision: 2, Kind: v1alpha1.KindUpgrade, Result: v1alpha1.ResultFailed, StartedAt: metav1.Unix(6, 0), FinishedAt: metav1.Unix(9, 0)}
	utc := install // the same time in another time zone, as read from the API server and as just written
	utc.StartedAt, utc.FinishedAt = metav1.NewTime(time.Unix(2, 0).UTC()), metav1.NewTime(time.Unix(5, 0).UTC())
	ended := func(e v1alpha1.HistoryEntry) float64 {
		return testutil.ToFloat64(runs.WithLabelValues(string(e.Kind), string(e.Result)))
	}
	n1, sum1 := observed(t, duration, "Install", "Succeeded")
	installs, upgrades := ended(install), ended(upgrade)
	for _, c := range []struct {
		before, after     *v1alpha1.Superset
		installs, upgrade float64
	}{
		{at(0, "Verify"), at(1, "Ready", install), 1, 0},
		{at(0, "Ready", install), at(1, "Validate", install), 1, 0},
		{at(0, "Ready", install), at(1, "Validate", utc), 1, 0},
		{at(0, "DBMigrate", install), at(1, "Failed", upgrade, install), 1, 1},
	} {
		Measure(c.before, c.after, moves(lifecycle.Verified), lifecycle.Taken{})
		if got, failed := ended(install)-installs, ended(upgrade)-upgrades; got != c.installs || failed != c.upgrade {
			t.Errorf("%v installs, %v failed upgrades; want %v, %v", got, failed, c.installs, c.upgrade)
		}
	}
	if n, sum := observed(t, duration, "Install", "Succeeded"); n-n1 != 1 || sum-sum1 != 3 {
		t.Errorf("installs: %d durations, %vs; want one of 3s", n-n1, sum-sum1)
	}
}

// The attempts of Jobs count by script and reason, also those without a result and with a
// reason that is in no closed set.
func TestJobAttempts(t *testing.T) {
	taken := lifecycle.Taken{}
	for _, result := range []string{`{"script":"migrate"}`, `{"script":"migrate","reason":"LockTimeout"}`, ``, `{"script":"migrate","reason":"MadeUp7"}`} {
		taken.Jobs = append(taken.Jobs, v1alpha1.JobRecord{Script: "migrate", Attempt: 1, Result: result})
	}
	count := func(reason string) float64 { return testutil.ToFloat64(jobs.WithLabelValues("migrate", reason)) }
	before := map[string]float64{attemptSucceeded: 0, "LockTimeout": 0, attemptLost: 0, Other: 0}
	for reason := range before {
		before[reason] = count(reason)
	}
	Measure(at(0, "DBMigrate"), at(0, "DBMigrate"), &lifecycle.Decision{}, taken)
	for reason, n := range before {
		if count(reason)-n != 1 {
			t.Errorf("%v attempts with %s, want 1", count(reason)-n, reason)
		}
	}
	if n := testutil.CollectAndCount(jobs); n != len(scripts)*len(attempts) {
		t.Errorf("%d series, want %d", n, len(scripts)*len(attempts))
	}
}

// The lock attempts of a migration are counted once, when it ends.
func TestLocks(t *testing.T) {
	done := at(70, "UpgradeScheduler")
	done.Status.Upgrade = &v1alpha1.UpgradeStatus{Locks: &v1alpha1.LockStatus{Tries: 11}}
	tries := testutil.ToFloat64(lockTries)
	Measure(at(0, "DBMigrate"), done, moves(lifecycle.Migrated), lifecycle.Taken{})
	Measure(done, done, moves(lifecycle.SchedulerHeld), lifecycle.Taken{})
	Measure(at(0, "DBMigrate"), done, &lifecycle.Decision{Kind: lifecycle.KindWait, Wait: lifecycle.Wait{Gate: v1alpha1.ConditionAwaitingApproval}}, lifecycle.Taken{})
	if got := testutil.ToFloat64(lockTries) - tries; got != 22 {
		t.Errorf("%v tries counted, want 11 at the move and 11 at the gate", got)
	}
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
		count := func() float64 { return testutil.ToFloat64(rollbacks.WithLabelValues(want[0], want[1])) }
		before := count()
		Measure(&v1alpha1.Superset{}, &v1alpha1.Superset{}, d, lifecycle.Taken{})
		Measure(&v1alpha1.Superset{}, &v1alpha1.Superset{}, moves(lifecycle.Verified), lifecycle.Taken{})
		if got := count() - before; got != 1 {
			t.Errorf("%v is counted %v times, want once", want, got)
		}
	}
}
