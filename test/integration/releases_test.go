// SPDX-License-Identifier: Apache-2.0

//go:build releases

package integration

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// upgraded replaces the operator by a release that renders every spec differently and whose
// CRDs have one more field, with a default; runs during; takes the operator back, next to the
// newer CRDs; and runs during again.
func upgraded(t *testing.T, all []*fixture, during func(t *testing.T, rollouts int)) {
	t.Helper()
	next, err := newOperator(t.Context(), t.TempDir(), "nextrenderer")
	must(t, err)
	running := operator
	t.Cleanup(func() {
		running.kill()
		must(t, operator.start())
	})
	for i, p := range []*process{next, operator} {
		running.kill()
		addField(t)
		must(t, p.start())
		running = p
		for _, f := range all {
			f.rec = record(t, f.ns) // a change of a CRD ends the watches
		}
		during(t, i+1)
	}
}

// addField adds a field with a default to the spec of each CRD.
func addField(t *testing.T) {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("apiextensions.k8s.io/v1")
	list.SetKind("CustomResourceDefinitionList")
	must(t, k8s.List(t.Context(), list))
	for i := range list.Items {
		crd := &list.Items[i]
		if group, _, _ := unstructured.NestedString(crd.Object, "spec", "group"); group != v1alpha1.GroupVersion.Group {
			continue
		}
		versions, _, err := unstructured.NestedSlice(crd.Object, "spec", "versions")
		must(t, err)
		must(t, unstructured.SetNestedMap(versions[0].(map[string]any), map[string]any{"type": "string", "default": "on"},
			"schema", "openAPIV3Schema", "properties", "spec", "properties", "addedLater"))
		must(t, unstructured.SetNestedSlice(crd.Object, versions, "spec", "versions"))
		must(t, k8s.Update(t.Context(), crd))
	}
}

// Another operator release that renders every spec differently leaves alone what failed or
// was rolled back, and rolls the others out one after the other, in stages; and so does the
// first one after it.
func TestOperatorReleases(t *testing.T) {
	back, failed := newFixture(t), newFixture(t)
	ready := []*fixture{newFixture(t), newFixture(t), newFixture(t)}
	for _, f := range append(ready, back, failed) {
		f.create("5.0.0", strategy(v1alpha1.StrategyRolling))
	}
	for _, f := range append(ready, back, failed) {
		f.ready("5.0.0")
	}
	back.edit(version("6.0.0"), tag("6.0.0-migrate-fails"))
	failed.edit(version("6.0.0"), tag("6.0.0-preflight-fails"))
	held := map[*fixture]int64{back: back.rolledBack("5.0.0").Status.UpgradeRevision, failed: failed.phase(v1alpha1.PhaseFailed).Status.UpgradeRevision}
	upgraded(t, append(ready, back, failed), func(t *testing.T, rollouts int) {
		for _, f := range ready {
			f.rollsAlone(ready, rollouts)
		}
		for f, revision := range held {
			if s := f.get(); s.Status.UpgradeRevision != revision {
				t.Errorf("%s: revision %d, it was held at %d: %s", s.Status.Phase, s.Status.UpgradeRevision, revision, f.message(s))
			}
		}
	})
}

// rollsAlone waits until a Superset has had so many config rollouts, and checks that never
// two of them hold a slot.
func (f *fixture) rollsAlone(all []*fixture, rollouts int) {
	f.t.Helper()
	eventually(f.t, "a rollout of the operator", func() bool {
		var list v1alpha1.SupersetList
		must(f.t, k8s.List(f.t.Context(), &list))
		held := 0
		for i := range list.Items {
			for _, one := range all {
				if client.ObjectKeyFromObject(&list.Items[i]) == one.key && lifecycle.HoldsSlot(&list.Items[i]) == v1alpha1.SlotRollout {
					held++
				}
			}
		}
		if held > 1 {
			f.t.Errorf("%d Supersets are rolled out at a time", held)
		}
		return f.rollouts() == rollouts
	})
	f.ready("5.0.0")
	f.runs("5.0.0")
}

// rollouts is how many config rollouts have succeeded.
func (f *fixture) rollouts() (n int) {
	for _, h := range f.get().Status.History {
		if h.Kind == v1alpha1.KindConfigChange && h.Result == v1alpha1.ResultSucceeded {
			n++
		}
	}
	return n
}

// rendered is the renderer of each tier's pod template.
func (f *fixture) rendered() map[string]string {
	f.t.Helper()
	var list appsv1.DeploymentList
	must(f.t, k8s.List(f.t.Context(), &list, client.InNamespace(f.key.Namespace)))
	out := map[string]string{}
	for i := range list.Items {
		d := &list.Items[i]
		renderer, _, _ := strings.Cut(d.Annotations[v1alpha1.AnnotationRendered], "/")
		out[d.Labels[v1alpha1.LabelComponent]] = renderer
	}
	return out
}

// Another operator release takes over in each phase, and back. What a phase has begun is
// kept, its Jobs included; only Validate begins again, because it has stored nothing.
func TestOperatorReleasesInEveryPhase(t *testing.T) {
	type held struct {
		f        *fixture
		phase    v1alpha1.Phase
		revision int64
		jobs     []string
	}
	var all []held
	var fixtures []*fixture
	for _, p := range heldPhases {
		f := newFixture(t)
		f.create("5.0.0", strategy(v1alpha1.StrategyRolling), func(s *v1alpha1.Superset) {
			if p.slow && p.from == "" {
				endsSlowly("300s")(s)
			}
		})
		all, fixtures = append(all, held{f: f, phase: p.phase}), append(fixtures, f)
	}
	for i, p := range heldPhases {
		f := all[i].f
		f.ready("5.0.0")
		if p.from != "" {
			f.edit(version(p.from), endsSlowly("300s"))
			f.ready(p.from)
		}
		if p.edits != nil {
			f.edit(p.edits...)
		}
	}
	for i, h := range all {
		all[i].revision = h.f.phase(h.phase).Status.UpgradeRevision
		all[i].jobs = h.f.jobNames()
	}
	upgraded(t, fixtures, func(t *testing.T, rollouts int) {
		for _, h := range all {
			if h.phase == v1alpha1.PhaseReady {
				h.f.rollsAlone([]*fixture{h.f}, rollouts)
			}
		}
		for _, h := range all {
			s := h.f.get()
			if h.phase == v1alpha1.PhaseReady {
				continue
			}
			if h.phase == v1alpha1.PhaseValidate && s.Status.Phase == h.phase {
				continue // begins again: nothing was stored
			}
			if s.Status.Phase != h.phase || s.Status.UpgradeRevision != h.revision {
				t.Errorf("%s at revision %d, want %s at %d: %s", s.Status.Phase, s.Status.UpgradeRevision, h.phase, h.revision, h.f.message(s))
			}
			if got := h.f.jobNames(); strings.Join(got, " ") != strings.Join(h.jobs, " ") {
				t.Errorf("%s: Jobs %v, want %v", h.phase, got, h.jobs)
			}
		}
	})
}

// A run goes on with the release that it has stored. A tier that had its turn keeps its pod
// template; the others are rendered by the new operator release, and the plan says so. The
// rest is rolled out when the run has ended, after no second migration.
func TestOperatorReleaseDuringRun(t *testing.T) {
	f := newFixture(t)
	f.create("5.0.0", strategy(v1alpha1.StrategyRolling), readyAfter(short))
	f.ready("5.0.0")
	f.edit(version("6.0.0"))
	f.phase(v1alpha1.PhaseUpgradeWorkers)
	before := f.rendered()
	noted := false
	upgraded(t, []*fixture{f}, func(t *testing.T, rollouts int) {
		eventually(t, "the run has ended, and then the rollout", func() bool {
			s := f.get()
			if u := s.Status.Upgrade; u.Kind == v1alpha1.KindUpgrade && s.Status.Phase != v1alpha1.PhaseReady {
				if now := f.rendered(); now["worker"] != before["worker"] || now["scheduler"] != before["scheduler"] {
					t.Errorf("rendered by %v, was %v", now, before)
				}
				noted = noted || u.Plan != nil && strings.Contains(strings.Join(u.Plan.Notes, " "), "another operator release")
			}
			return f.rollouts() == rollouts
		})
		s := f.ready("6.0.0")
		f.runs("6.0.0")
		if !noted {
			t.Errorf("the plan did not say so: %+v", s.Status.Upgrade.Plan)
		}
	})
}

// A release that a newer operator has stored has a field that this one does not know. It is
// a rollback target like any other, and the status says what it lacks.
func TestReleaseOfNewerOperator(t *testing.T) {
	f := newFixture(t)
	f.install("5.0.0")
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	operator.kill()
	f.storedWith("addedLater", "on")
	must(t, operator.start())
	s := f.until("the unknown field is named", func(s *v1alpha1.Superset) bool {
		return strings.Contains(condition(s, v1alpha1.ConditionRollbackAvailable).Message, "addedLater")
	})
	if c := condition(s, v1alpha1.ConditionRollbackAvailable); c.Status != metav1.ConditionTrue {
		t.Errorf("%+v", c)
	}
	f.edit(annotation(v1alpha1.AnnotationRollback, "now"))
	f.rolledBack("5.0.0")
	f.runs("5.0.0")
}

// storedWith replaces the previous release by the same with one more field, as a newer
// operator would have stored it.
func (f *fixture) storedWith(field, value string) {
	f.t.Helper()
	s := f.get()
	old := f.revision(s.Status.PreviousRelease)
	var content map[string]any
	must(f.t, json.Unmarshal(old.Data.Raw, &content))
	content[field] = value
	raw, err := json.Marshal(content) // sorted, as the hash is made of it
	must(f.t, err)
	hash := components.Hash(string(raw))
	again := old.DeepCopy()
	again.Name, again.ResourceVersion, again.UID, again.ManagedFields, again.Data.Raw = components.ReleaseName(s.Name, hash), "", "", nil, raw
	again.Labels[v1alpha1.LabelRelease] = hash
	must(f.t, k8s.Create(f.t.Context(), again))
	must(f.t, k8s.Delete(f.t.Context(), old))
	before := s.DeepCopy()
	s.Status.PreviousRelease = hash
	must(f.t, k8s.Status().Patch(f.t.Context(), s, client.MergeFrom(before)))
}

// jobNames are the names of the Jobs, sorted.
func (f *fixture) jobNames() []string {
	f.t.Helper()
	var list batchv1.JobList
	must(f.t, k8s.List(f.t.Context(), &list, client.InNamespace(f.key.Namespace)))
	var out []string
	for i := range list.Items {
		out = append(out, list.Items[i].Name)
	}
	slices.Sort(out)
	return out
}

// With a limit, one Superset is upgraded at a time. One that waits for an approval or is
// paused holds no slot, and a rollback needs none.
func TestUpgradesTakeTurns(t *testing.T) {
	limited := *operator
	limited.flags = append(slices.Clone(operator.flags), "-max-upgrades=1")
	operator.kill()
	must(t, limited.start())
	t.Cleanup(func() {
		limited.kill()
		must(t, operator.start())
	})
	back, gate, first, last := newFixture(t), newFixture(t), newFixture(t), newFixture(t)
	for _, f := range []*fixture{back, gate, first, last} {
		f.create("5.0.0")
	}
	for _, f := range []*fixture{back, gate, first, last} {
		f.ready("5.0.0")
	}
	back.edit(version("6.0.0"))
	back.ready("6.0.0")
	gate.edit(version("6.0.0"), approval(v1alpha1.ApprovalAlways))
	gate.waitAtGate(v1alpha1.ConditionAwaitingApproval)
	first.edit(version("6.0.0"), tag("6.0.0-worker-unready"))
	first.phase(v1alpha1.PhaseUpgradeWorkers)
	last.edit(version("6.0.0"))
	s := last.until("it waits for a slot", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionReady).Reason == v1alpha1.ReasonWaitingForSlot
	})
	contains(t, last.message(s), "1 of 1 are taken", first.key.String())
	last.runs("5.0.0")
	back.edit(annotation(v1alpha1.AnnotationRollback, "now"))
	back.rolledBack("5.0.0")
	if s := first.get(); s.Status.Phase != v1alpha1.PhaseUpgradeWorkers || last.get().Status.Phase != v1alpha1.PhaseReady {
		t.Errorf("%s: %s", s.Status.Phase, first.message(s))
	}
	first.edit(paused(true))
	last.ready("6.0.0")
}
