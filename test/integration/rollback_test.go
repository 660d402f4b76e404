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

// There, back by a token, and there again: the schema stays where it is, what
// was left is not tried again by itself, and the token acts once.
func TestRollbackByAnnotation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", annotation(v1alpha1.AnnotationRollback, "stood there before"))
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	f.rec.forget()
	f.edit(annotation(v1alpha1.AnnotationRollback, "first"))
	s := f.rolledBack("5.0.0")
	f.runs("5.0.0")
	if diff := cmp.Diff([]v1alpha1.Phase{"Ready", "Rollback", "RolledBack"}, f.rec.phases()); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	f.backInTurn("5.0.0")
	f.neverTwoBeats()
	if got := simulated.Revision(f.ns, "bi"); got != head6 || s.Status.Schema.Revision != head6 {
		t.Errorf("the database is at %s, status says %s; an Image rollback leaves it at %s", got, s.Status.Schema.Revision, head6)
	}
	if c := condition(s, v1alpha1.ConditionSchemaInSync); c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonAheadAfterRollback {
		t.Errorf("SchemaInSync: %+v", c)
	}
	contains(t, f.message(s), "version 5.0.0 runs again", "spec asks for 6.0.0", "superset-operator.dev/retry=")

	f.scale(3)
	f.scaled(3)
	if s := f.get(); s.Status.Phase != v1alpha1.PhaseRolledBack || s.Status.UpgradeRevision != 3 {
		t.Errorf("scaling tried the target again: phase %s, fence %d", s.Status.Phase, s.Status.UpgradeRevision)
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

// What was left is tried again when spec changes, whatever stands there.
func TestRolledBackGoesOnWithAnotherSpec(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.edit(version("6.0.0"), tag("6.0.0-migrate-fails"))
	f.rolledBack("5.0.0")
	f.edit(tag(""))
	f.ready("6.0.0")
}

// Config may change while the schema is ahead: exactly that revision is taken.
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
	// Another revision than the one that we left is somebody else's doing.
	simulated.SetRevision(f.ns, "bi", "4b2a8c9d3e1f")
	f.edit(config("ROW_LIMIT = 8\n"))
	f.failed(failure{phase: v1alpha1.PhaseValidate, reason: "DatabaseAhead", message: "4b2a8c9d3e1f"})
}

func TestRollbackInMidUpgrade(t *testing.T) {
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
			f.backInTurn("5.0.0")
			f.neverTwoBeats()
			if s.Status.Schema.Revision != head6 || !s.Status.Schema.AheadAfterRollback {
				t.Errorf("schema: %+v", s.Status.Schema)
			}
		})
	}
}

// Nothing is touched in Validate: a rollback token stops the run.
func TestRollbackTokenStopsValidate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.edit(version("6.0.0"), jobs("sim.superset-operator.dev/delay", "100s"))
	f.phase(v1alpha1.PhaseValidate)
	f.edit(annotation(v1alpha1.AnnotationRollback, "stop"))
	f.failed(failure{phase: v1alpha1.PhaseValidate, reason: v1alpha1.ReasonStopped, message: "before anything was touched"})
	f.runs("5.0.0")
	eventually(t, "the preflight that nobody waits for is removed", func() bool { return len(f.jobsNow("preflight")) == 1 })
}

// A migration runs to its end, whatever is asked for meanwhile.
func TestRollbackWaitsForTheMigration(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	job := f.hangs()
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
		"5.0.0": "version 5.0.0 runs already",
		"back":  "there is no release before this one in store",
	} {
		f.edit(annotation(v1alpha1.AnnotationRollback, token))
		s := f.until("token "+token+" is handled", func(s *v1alpha1.Superset) bool { return s.Status.LastHandled.Rollback == token })
		if s.Status.Phase != v1alpha1.PhaseReady || s.Status.UpgradeRevision != 1 {
			t.Errorf("token %s: phase %s, fence %d", token, s.Status.Phase, s.Status.UpgradeRevision)
		}
		eventually(t, "an event says "+why, func() bool {
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
	f.until("a token that is gone is forgotten", func(s *v1alpha1.Superset) bool { return s.Status.LastHandled.Rollback == "" })
}

// backInTurn: on the way back the scheduler is held first, then web goes back,
// then the workers, and the scheduler is released at the end.
func (f *fixture) backInTurn(target string) {
	f.t.Helper()
	var order []string
	seen := map[string]bool{}
	phase := v1alpha1.Phase("")
	for _, c := range f.rec.story() {
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
		f.t.Errorf("the way back (-want +got):\n%s", diff)
	}
}
