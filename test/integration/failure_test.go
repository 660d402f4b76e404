// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// short is a deadline that a healthy phase of the simulated cluster easily keeps;
// it is for phases that must exceed it.
const short = 10 * time.Second

// failure is an upgrade from 5.0.0 to 6.0.0 that fails.
type failure struct {
	name    string
	edit    func(*v1alpha1.Superset)
	phase   v1alpha1.Phase
	reason  string
	message string
}

// deadline sets a short deadline for the phase or tier that must exceed it, and for no
// other: the others may be slow on a busy machine.
func (want failure) deadline() func(*v1alpha1.Superset) {
	if want.reason != v1alpha1.ReasonDeadlineExceeded {
		return deadlines(v1alpha1.Deadlines{})
	}
	return only(want.phase)
}

// inValidate lists failures before anything is touched. onFailure has no effect
// on them.
var inValidate = []failure{
	{"the preflight fails", tag("6.0.0-preflight-fails"), v1alpha1.PhaseValidate, "ImageBroken", "No module named"},
	{"the image cannot be pulled", tag("6.0.0-unpullable"), v1alpha1.PhaseValidate, v1alpha1.ReasonDeadlineExceeded, "ImagePullBackOff"},
	{"a Secret is missing", cacheFrom("absent", "redis-url"), v1alpha1.PhaseValidate, v1alpha1.ReasonDeadlineExceeded, `secret "absent" not found`},
	{"a key is missing", cacheFrom("bi", "absent"), v1alpha1.PhaseValidate, v1alpha1.ReasonDeadlineExceeded, "couldn't find key absent in Secret"},
	{"a podTemplate is invalid", badTemplate, v1alpha1.PhaseValidate, v1alpha1.ReasonSpecInvalid, `spec.worker.podTemplate is not a pod template: unknown field "spec.nonsense"`},
}

// later lists failures after something was touched: they roll back or hold.
var later = []failure{
	{"the migration fails", tag("6.0.0-migrate-fails"), v1alpha1.PhaseDBMigrate, "MigrationFailed", "ProgrammingError"},
	{"the migration crashes", tag("6.0.0-migrate-crashes"), v1alpha1.PhaseDBMigrate, v1alpha1.ReasonJobCrashed, "exit code 137"},
	{"the scheduler never becomes ready", tag("6.0.0-scheduler-unready"), v1alpha1.PhaseUpgradeWorkers, v1alpha1.ReasonDeadlineExceeded, "UpgradeWorkers made no progress for 10s"},
	{"the workers crash", tag("6.0.0-worker-crashes"), v1alpha1.PhaseUpgradeWorkers, v1alpha1.ReasonDeadlineExceeded, "container superset crashes"},
	{"web never becomes ready", tag("6.0.0-web-unready"), v1alpha1.PhaseUpgradeWeb, v1alpha1.ReasonDeadlineExceeded, "UpgradeWeb made no progress for 10s"},
	{"a check fails", tag("6.0.0-verify-fails"), v1alpha1.PhaseVerify, "CheckFailed", "LoginPage"},
}

func TestFailureInValidate(t *testing.T) {
	t.Parallel()
	for _, want := range inValidate {
		t.Run(want.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.install("5.0.0")
			f.rec.forget()
			f.edit(version("6.0.0"), want.edit, want.deadline())
			s := f.failed(want)
			contains(t, f.message(s), "kubectl annotate superset bi -n "+f.ns+" --overwrite superset-operator.dev/retry=")
			f.runs("5.0.0")
			for _, c := range f.rec.changes() {
				if component, ok := c.obj.(v1alpha1.Component); ok && component.ComponentSpec().Version != "5.0.0" {
					t.Errorf("at %d %T has version %s", c.at, c.obj, component.ComponentSpec().Version)
				}
			}
			if n := simulated.Migrations(f.ns, "bi"); n.Started != 1 {
				t.Errorf("%d migrations began, want only that of the install", n.Started)
			}
		})
	}
}

func TestFailureRollsBack(t *testing.T) {
	t.Parallel()
	for _, want := range later {
		t.Run(want.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.install("5.0.0")
			f.rec.forget()
			f.edit(version("6.0.0"), want.edit, want.deadline())
			s := f.rolledBack("5.0.0")
			f.failedWith(s, want)
			contains(t, f.message(s), "version 5.0.0 is running again because "+string(want.phase)+" failed", "spec asks for 6.0.0",
				"kubectl annotate superset bi -n "+f.ns+" --overwrite superset-operator.dev/retry=")
			if line := s.Status.History[0]; line.Result != v1alpha1.ResultRolledBack || line.Reason != want.reason {
				t.Errorf("history: %+v", line)
			}
			f.runs("5.0.0")
			f.tiersInOrder("6.0.0")
			f.neverTwoBeats()
		})
	}
}

func TestFailureHolds(t *testing.T) {
	t.Parallel()
	for _, want := range []failure{later[0], later[3], later[4], later[5]} {
		t.Run(want.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.install("5.0.0", strategy(v1alpha1.StrategyRolling), hold)
			f.edit(version("6.0.0"), want.edit, want.deadline())
			s := f.failed(want)
			contains(t, f.message(s), string(want.phase)+" failed: ", "superset-operator.dev/retry=", ". Or roll back: kubectl annotate superset bi -n "+f.ns+" --overwrite superset-operator.dev/rollback=")
			if condition(s, v1alpha1.ConditionAvailable).Status != metav1.ConditionTrue {
				t.Error("web is not available after a failed Rolling upgrade")
			}
			f.edit(annotation(v1alpha1.AnnotationRollback, "please"))
			f.rolledBack("5.0.0")
			f.runs("5.0.0")
			f.neverTwoBeats()
		})
	}
}

// UpgradeScheduler can fail only because a scheduler pod does not end.
func TestFailureInUpgradeScheduler(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("6.0.0", endsSlowly("10s"))
	f.edit(config("ROW_LIMIT = 1\n"), deadlines(v1alpha1.Deadlines{Scheduler: lasts(2 * time.Second)}))
	s := f.until("RolledBack", func(s *v1alpha1.Superset) bool { return s.Status.Phase == v1alpha1.PhaseRolledBack })
	f.failedWith(s, failure{phase: v1alpha1.PhaseUpgradeScheduler, reason: v1alpha1.ReasonDeadlineExceeded, message: "UpgradeScheduler made no progress for 2s"})
	f.neverTwoBeats()
}

// A crash is often transient: the migration is retried in a new Job.
func TestMigrationIsRetried(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.edit(version("6.0.0"), jobs(annotationCrashes, ""))
	f.until("the second attempt is announced", func(s *v1alpha1.Superset) bool {
		return s.Status.Phase == v1alpha1.PhaseDBMigrate && simulated.Migrations(f.ns, "bi").Finished == 2
	})
	f.ready("6.0.0")
	if n := simulated.Migrations(f.ns, "bi"); n.Finished != 3 || n.AtOnce != 1 {
		t.Errorf("migrations: %+v, want that of the install, the crashed one and its retry", n)
	}
	f.jobsOf("migrate", 3)
}

// A missing Secret may be created later: a run that has not failed yet continues
// when it appears.
func TestMissingSecretIsCreatedLater(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, k8s.Delete(t.Context(), f.secret()))
	f.create("5.0.0")
	s := f.until("the missing Secret is named", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionReady).Reason == v1alpha1.ReasonBlocked
	})
	contains(t, f.message(s), `secret "bi" not found`)
	must(t, k8s.Create(t.Context(), f.secret()))
	f.ready("5.0.0")
}

func TestFirstInstallFails(t *testing.T) {
	t.Parallel()
	for _, want := range []failure{inValidate[0], later[0], later[4]} {
		t.Run(want.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.create("6.0.0", want.edit, want.deadline())
			s := f.failed(want)
			wants := fmt.Sprintf(`Fix the cause or edit spec, or retry: kubectl annotate superset bi -n %s --overwrite superset-operator.dev/retry="$(date +%%s)"`, f.ns)
			contains(t, f.message(s), wants)
			if c := condition(s, v1alpha1.ConditionRollbackAvailable); c.Status != metav1.ConditionFalse {
				t.Errorf("RollbackAvailable: %+v", c)
			}
			f.edit(tag(""), deadlines(v1alpha1.Deadlines{}))
			f.ready("6.0.0")
		})
	}
}

// A token retries the same spec, once.
func TestRetryTokenLeavesFailed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create("6.0.0", cacheFrom("late", "redis-url"), only(v1alpha1.PhaseValidate))
	f.phase(v1alpha1.PhaseFailed)
	late := f.secret()
	late.Name = "late"
	must(t, k8s.Create(t.Context(), late))
	f.edit(annotation(v1alpha1.AnnotationRetry, "1"), deadlines(v1alpha1.Deadlines{}))
	s := f.ready("6.0.0")
	if s.Status.LastHandled.Retry != "1" || s.Status.UpgradeRevision != 2 {
		t.Errorf("handled %+v, fence %d; want the token and a second run", s.Status.LastHandled, s.Status.UpgradeRevision)
	}
}

// failed waits until a Superset needs manual intervention for the wanted reason.
func (f *fixture) failed(want failure) *v1alpha1.Superset {
	f.t.Helper()
	s := f.phase(v1alpha1.PhaseFailed)
	f.failedWith(s, want)
	if c := condition(s, v1alpha1.ConditionStalled); c.Status != metav1.ConditionTrue || c.Reason != want.reason {
		f.t.Errorf("Stalled: %+v", c)
	}
	contains(f.t, f.message(s), want.message)
	return s
}

// failedWith compares the failure in status with the wanted one.
func (f *fixture) failedWith(s *v1alpha1.Superset, want failure) {
	f.t.Helper()
	got := s.Status.Upgrade.Failure
	if got == nil || got.Phase != want.phase || got.Reason != want.reason {
		f.t.Fatalf("failure: %+v, want %s in %s", got, want.reason, want.phase)
	}
	contains(f.t, got.Message, want.message)
}

func (*fixture) message(s *v1alpha1.Superset) string {
	return condition(s, v1alpha1.ConditionReady).Message
}
