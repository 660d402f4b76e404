// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

const (
	head5 = "74ad1125881c"
	head6 = "c233f5365c9e"
)

// An upgrade, a rollback by token, and the upgrade again: the schema stays at the
// newer revision, the abandoned release is not retried automatically, and the
// token acts once.
func TestRollbackByAnnotation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", annotation(v1alpha1.AnnotationRollback, "an older token"))
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	f.rec.forget()
	f.edit(annotation(v1alpha1.AnnotationRollback, "first"))
	s := f.rolledBack("5.0.0")
	f.runs("5.0.0")
	if diff := cmp.Diff([]v1alpha1.Phase{"Ready", "Rollback", "RolledBack"}, f.rec.phases()); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	f.rollbackInOrder("5.0.0")
	f.neverTwoBeats()
	if got := simulated.Revision(f.ns, "bi"); got != head6 || s.Status.Schema.Revision != head6 {
		t.Errorf("the database is at %s, status says %s; an Image rollback leaves it at %s", got, s.Status.Schema.Revision, head6)
	}
	if c := condition(s, v1alpha1.ConditionSchemaInSync); c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonAheadAfterRollback {
		t.Errorf("SchemaInSync: %+v", c)
	}
	contains(t, f.message(s), "version 5.0.0 is running again", "spec asks for 6.0.0", "superset-operator.dev/retry=")

	f.scale(3)
	f.scaled(3)
	if s := f.get(); s.Status.Phase != v1alpha1.PhaseRolledBack || s.Status.UpgradeRevision != 3 {
		t.Errorf("scaling retried the target: phase %s, fence %d", s.Status.Phase, s.Status.UpgradeRevision)
	}
	f.edit(annotation(v1alpha1.AnnotationRetry, "again"))
	s = f.ready("6.0.0")
	if c := condition(s, v1alpha1.ConditionSchemaInSync); c.Status != metav1.ConditionTrue {
		t.Errorf("SchemaInSync after the second upgrade: %+v", c)
	}
	if s.Status.LastHandled.Rollback != "first" || s.Status.UpgradeRevision != 4 {
		t.Errorf("handled %+v, fence %d; the leftover token must not act again", s.Status.LastHandled, s.Status.UpgradeRevision)
	}
}

// The abandoned release is retried when spec changes, whatever the rollback token
// is.
func TestRolledBackUpgradesWhenSpecChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.edit(version("6.0.0"), tag("6.0.0-migrate-fails"))
	f.rolledBack("5.0.0")
	f.edit(tag(""))
	f.ready("6.0.0")
}

// Config may change while the schema is ahead: exactly that revision is accepted.
func TestConfigChangesWhileTheSchemaIsAhead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	f.edit(version("5.0.0"))
	f.ready("5.0.0")
	f.edit(config("ROW_LIMIT = 7\n"))
	f.phase(v1alpha1.PhaseValidate)
	s := f.ready("5.0.0")
	if c := condition(s, v1alpha1.ConditionSchemaInSync); c.Reason != v1alpha1.ReasonAheadAfterRollback {
		t.Errorf("SchemaInSync: %+v", c)
	}
	// A revision other than the one that the rollback left is a foreign change.
	simulated.SetRevision(f.ns, "bi", "4b2a8c9d3e1f")
	f.edit(config("ROW_LIMIT = 8\n"))
	f.failed(failure{phase: v1alpha1.PhaseValidate, reason: "DatabaseAhead", message: "4b2a8c9d3e1f"})
}

func TestRollbackDuringUpgrade(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		phase v1alpha1.Phase
		edit  func(*v1alpha1.Superset)
	}{
		{v1alpha1.PhaseUpgradeWorkers, tag("6.0.0-worker-unready")},
		{v1alpha1.PhaseUpgradeWeb, tag("6.0.0-web-unready")},
		{v1alpha1.PhaseVerify, slowVerify},
	} {
		t.Run(string(test.phase), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.install("5.0.0")
			f.rec.forget()
			f.edit(version("6.0.0"), test.edit)
			f.phase(test.phase)
			f.edit(annotation(v1alpha1.AnnotationRollback, "now"))
			s := f.rolledBack("5.0.0")
			f.runs("5.0.0")
			f.rollbackInOrder("5.0.0")
			f.neverTwoBeats()
			if s.Status.Schema.Revision != head6 || !s.Status.Schema.AheadAfterRollback {
				t.Errorf("schema: %+v", s.Status.Schema)
			}
		})
	}
}

// In Validate nothing is touched yet: a rollback token stops the run.
func TestRollbackTokenStopsValidate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.edit(version("6.0.0"), jobs("sim.superset-operator.dev/delay", "100s"))
	f.phase(v1alpha1.PhaseValidate)
	f.edit(annotation(v1alpha1.AnnotationRollback, "stop"))
	f.failed(failure{phase: v1alpha1.PhaseValidate, reason: v1alpha1.ReasonStopped, message: "before anything was changed"})
	f.runs("5.0.0")
	eventually(t, "the abandoned preflight Job is deleted", func() bool { return len(f.jobsNow("preflight")) == 1 })
}

// A migration is never interrupted, whatever is requested meanwhile.
func TestRollbackWaitsForTheMigration(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	job := f.startHangingMigration()
	f.edit(annotation(v1alpha1.AnnotationRollback, "now"))
	f.queuedBehindMigration(job)
	simulated.Release(f.ns)
	f.rolledBack("5.0.0")
	f.runs("5.0.0")
	if got := simulated.Revision(f.ns, "bi"); got != head6 {
		t.Errorf("the database is at %s", got)
	}
}

func TestRollbackToNamedRelease(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("4.1.4")
	for _, v := range []string{"5.0.0", "6.0.0"} {
		f.edit(version(v))
		f.ready(v)
	}
	f.edit(annotation(v1alpha1.AnnotationRollback, "4.1.4"))
	f.rolledBack("4.1.4")
	f.runs("4.1.4")
	f.edit(annotation(v1alpha1.AnnotationRollback, "2")) // the fence that stored 5.0.0
	f.rolledBack("5.0.0")
	f.runs("5.0.0")
}

func TestRollbackRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	for token, why := range map[string]string{
		"4.0.0": "no stored release has version 4.0.0",
		"5.0.0": "version 5.0.0 is running already",
		"back":  "no earlier release is stored",
	} {
		f.edit(annotation(v1alpha1.AnnotationRollback, token))
		s := f.until("token "+token+" is handled", func(s *v1alpha1.Superset) bool { return s.Status.LastHandled.Rollback == token })
		if s.Status.Phase != v1alpha1.PhaseReady || s.Status.UpgradeRevision != 1 {
			t.Errorf("token %s: phase %s, fence %d", token, s.Status.Phase, s.Status.UpgradeRevision)
		}
		eventually(t, "an event with the message "+why, func() bool {
			var events eventsv1.EventList
			must(t, k8s.List(t.Context(), &events, client.InNamespace(f.ns)))
			for _, e := range events.Items {
				if e.Reason == v1alpha1.ReasonRollbackRefused && e.Note == why {
					return true
				}
			}
			return false
		})
	}
	f.edit(annotation(v1alpha1.AnnotationRollback, ""))
	f.until("lastHandled is cleared after the token was removed", func(s *v1alpha1.Superset) bool { return s.Status.LastHandled.Rollback == "" })
}

// rollbackInOrder checks the order of a rollback: the scheduler is held first,
// then web is rolled back, then the workers, and the scheduler is released at the
// end.
func (f *fixture) rollbackInOrder(target string) {
	f.t.Helper()
	var order []string
	seen := map[string]bool{}
	phase := v1alpha1.Phase("")
	for _, c := range f.rec.changes() {
		if s, ok := c.obj.(*v1alpha1.Superset); ok {
			phase = s.Status.Phase
			continue
		}
		component, ok := c.obj.(v1alpha1.Component)
		if !ok || phase != v1alpha1.PhaseRollback || component.ComponentSpec().Version != target {
			continue
		}
		step := fmt.Sprintf("%T %s", component, component.ComponentSpec().Mode)
		if current := component.ComponentSpec().Fence == f.get().Status.UpgradeRevision; current && !seen[step] {
			seen[step] = true
			order = append(order, step)
		}
	}
	want := []string{"*v1alpha1.SupersetAsyncScheduler Hold", "*v1alpha1.SupersetWebWorker Serve", "*v1alpha1.SupersetAsyncWorker Serve", "*v1alpha1.SupersetAsyncScheduler Serve"}
	if diff := cmp.Diff(want, order); diff != "" {
		f.t.Errorf("writes of the rollback (-want +got):\n%s", diff)
	}
}
