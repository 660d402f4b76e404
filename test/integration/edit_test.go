// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// In Validate nothing is touched yet: a new target replaces the first one.
func TestEditInValidateSupersedes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.rec.forget()
	f.edit(version("6.0.0"), jobs("sim.superset-operator.dev/delay", "100s"))
	f.phase(v1alpha1.PhaseValidate)
	f.edit(version("6.1.0"), jobs("example.com/unused", ""))
	s := f.ready("6.1.0")
	if line := s.Status.History[1]; line.Result != v1alpha1.ResultSuperseded || line.To != "6.0.0" {
		t.Errorf("history: %+v", s.Status.History)
	}
	f.tiersInOrder("6.1.0")
	f.jobsOf("migrate", 2)
	f.jobsOf("preflight", 2) // the preflight Job of the first target is deleted
}

// Back to the running version before anything was touched: the upgrade is
// canceled without a trace.
func TestEditInValidateCancels(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.rec.forget()
	before := f.get().Spec
	f.edit(version("6.0.0"), jobs("sim.superset-operator.dev/delay", "100s"))
	f.phase(v1alpha1.PhaseValidate)
	f.edit(func(s *v1alpha1.Superset) { s.Spec = before })
	f.ready("5.0.0")
	for _, c := range f.rec.changes() {
		if component, ok := c.obj.(v1alpha1.Component); ok && component.ComponentSpec().Fence != 1 {
			t.Errorf("at %d %T was touched: fence %d", c.at, component, component.ComponentSpec().Fence)
		}
	}
}

// A new tag while a migration runs: the new spec waits, and a second migration
// never runs concurrently.
func TestEditWhileMigrating(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, version string }{{"another version", "6.1.0"}, {"the previous version", "5.0.0"}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.install("5.0.0")
			job := f.startHangingMigration()
			f.edit(version(test.version), tag(""))
			f.queuedBehindMigration(job)
			simulated.Release(f.ns)
			f.ready(test.version)
			f.runs(test.version)
			if n := simulated.Migrations(f.ns, "bi"); n.AtOnce != 1 {
				t.Errorf("migrations: %+v", n)
			}
			f.sameJob(job)
			f.neverTwoBeats()
		})
	}
}

// In later phases an edit waits for the end of the stage, or takes effect when
// the stage is stuck.
func TestEditInALaterPhase(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, tag string
		phase     v1alpha1.Phase
	}{
		{"stuck workers", "6.0.0-worker-crashes", v1alpha1.PhaseUpgradeWorkers},
		{"stuck web", "6.0.0-web-crashes", v1alpha1.PhaseUpgradeWeb},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.install("5.0.0")
			f.edit(version("6.0.0"), tag(test.tag))
			f.phase(test.phase)
			f.edit(tag(""))
			s := f.ready("6.0.0")
			f.runs("6.0.0")
			if s.Status.History[1].Result != v1alpha1.ResultSuperseded {
				t.Errorf("history: %+v", s.Status.History)
			}
			f.neverTwoBeats()
		})
	}
}

// A stage that may still succeed is not cut short; the condition reports what
// waits. When the stage fails, the waiting spec is tried, because it is new.
func TestEditWaitsForTheStage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.edit(version("6.0.0"), tag("6.0.0-web-unready"), deadlines(v1alpha1.Deadlines{Web: lasts(2 * short)}))
	f.phase(v1alpha1.PhaseUpgradeWeb)
	f.edit(tag(""))
	s := f.until("the edit waits", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionReconciling).Reason == v1alpha1.ReasonQueuedBehindStage
	})
	contains(t, f.message(s), "the new spec waits for the end of this stage")
	f.ready("6.0.0")
	f.runs("6.0.0")
}

// Setting the previous version starts a rollback at once, which ends in Ready.
func TestRevertInALaterPhase(t *testing.T) {
	t.Parallel()
	for phase, behavior := range map[v1alpha1.Phase]string{
		v1alpha1.PhaseUpgradeWorkers: "6.0.0-worker-unready",
		v1alpha1.PhaseUpgradeWeb:     "6.0.0-web-unready",
	} {
		t.Run(string(phase), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.install("5.0.0")
			f.edit(version("6.0.0"), tag(behavior))
			f.phase(phase)
			f.edit(version("5.0.0"), tag(""))
			f.ready("5.0.0")
			f.runs("5.0.0")
		})
	}
}

// An edit during a rollback waits for its end, and the condition reports it.
func TestEditInRollback(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", endsSlowly("6s"))
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	f.edit(annotation(v1alpha1.AnnotationRollback, "back"))
	f.phase(v1alpha1.PhaseRollback)
	f.edit(version("6.1.0"))
	s := f.until("the edit waits", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionReconciling).Reason == v1alpha1.ReasonQueuedBehindRollback
	})
	contains(t, f.message(s), "the new spec waits until the rollback has ended")
	f.ready("6.1.0")
	f.neverTwoBeats()
}

func TestPause(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.edit(version("6.0.0"), paused(true))
	s := f.until("Paused", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionPaused).Status == metav1.ConditionTrue
	})
	contains(t, f.message(s), "paused before the next step", "spec.paused to false")
	f.scale(3)
	f.scaled(3)
	f.jobsOf("preflight", 1)
	f.scale(2)
	f.edit(paused(false), tag("6.0.0-migrate-hangs"))
	job := f.waitForMigration(2)
	f.edit(paused(true))
	f.until("Paused", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionPaused).Status == metav1.ConditionTrue
	})
	f.sameJob(job)
	simulated.Release(f.ns)
	eventually(t, "the running Job completes", func() bool { return f.sameJob(job).Status.Succeeded == 1 })
	f.scale(3)
	f.scaled(3)
	if s := f.get(); s.Status.Phase != v1alpha1.PhaseDBMigrate {
		t.Errorf("phase %s while paused", s.Status.Phase)
	}
	f.scale(2)
	f.edit(paused(false))
	f.ready("6.0.0")
}

// startHangingMigration starts an upgrade to 6.0.0 whose migration runs until the
// test releases it.
func (f *fixture) startHangingMigration() *batchv1.Job {
	f.t.Helper()
	f.edit(version("6.0.0"), tag("6.0.0-migrate-hangs"))
	return f.waitForMigration(2)
}

// waitForMigration waits until the n-th migration of the database has begun.
func (f *fixture) waitForMigration(n int) *batchv1.Job {
	f.t.Helper()
	eventually(f.t, "a migration to begin", func() bool { return simulated.Migrations(f.ns, "bi").Started == n })
	for _, job := range f.jobsOf("migrate", n) {
		if job.Status.CompletionTime == nil {
			return &job
		}
	}
	f.t.Fatal("no migrate Job is running")
	return nil
}

// queuedBehindMigration waits until the requested change is queued, and checks
// that the Job is still running.
func (f *fixture) queuedBehindMigration(job *batchv1.Job) {
	f.t.Helper()
	s := f.until("queued", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionReconciling).Reason == v1alpha1.ReasonQueuedBehindMigration
	})
	contains(f.t, f.message(s), "waits until the Job has ended")
	f.sameJob(job)
}

// sameJob checks that a Job is still the same object and is not being deleted.
func (f *fixture) sameJob(job *batchv1.Job) *batchv1.Job {
	f.t.Helper()
	now := &batchv1.Job{}
	must(f.t, k8s.Get(f.t.Context(), client.ObjectKeyFromObject(job), now))
	if now.UID != job.UID || now.DeletionTimestamp != nil {
		f.t.Errorf("Job %s was deleted", job.Name)
	}
	return now
}
