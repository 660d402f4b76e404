// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rules"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

func ownedBy(uid types.UID) []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{APIVersion: "superset-operator.dev/v1alpha1", Kind: "Superset", Name: "bi", UID: uid, Controller: &yes}}
}

// Stored releases are read back with the fields that the machine needs, the newest first. A
// release of another owner is ignored.
func TestStoredReleases(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseReady)
	var revisions []appsv1.ControllerRevision
	for fence := int64(1); fence <= 3; fence++ {
		rev, err := revisionOf(s, w.desired, fence, actions.StoreRelease{Planned: plan.Planned{Hash: "sha256-0123456789ab", Plan: &v1alpha1.Plan{Strategy: v1alpha1.StrategyRolling}}})
		if err != nil {
			t.Fatal(err)
		}
		if rev.Name != "bi-"+w.Desired.Hash || rev.Namespace != "analytics" {
			t.Errorf("stored as %s/%s", rev.Namespace, rev.Name)
		}
		rev.OwnerReferences = ownedBy("u")
		if fence == 2 {
			rev.OwnerReferences = ownedBy("another")
		}
		revisions = append(revisions, *rev)
	}
	want := state.Release{Hash: w.Desired.Hash, Wish: components.WishOf(s), Version: "6.0.0", PlanHash: "sha256-0123456789ab", Has: [3]bool{true, true, true}}
	first, third := want, want
	first.Revision, third.Revision = 1, 3
	got, known := (&Reconciler{}).storedReleases(s, revisions)
	if known[w.Desired.Hash].needs != needsOf(w.desired) {
		t.Errorf("known %v", known)
	}
	if diff := cmp.Diff([]state.Release{third, first}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	back, err := components.ParseRelease(revisions[0].Data.Raw)
	if err != nil || back.Hash() != w.Desired.Hash {
		t.Errorf("read back as %v, %v", back, err)
	}
	delete(w.desired.Tiers, components.Worker)
	if got := tierNames(w.desired); got != "scheduler,web" {
		t.Errorf("tiers %q", got)
	}
}

// An older operator did not write the references as annotations: they are read from the stored
// release. Otherwise such a release would seem to use a different database and key.
func TestReferencesOfOldReleases(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseReady)
	s.Spec.SecretKeyFrom = v1alpha1.SecretKeyReference{Name: "keys", Key: "two"}
	s.Spec.PreviousSecretKeyFrom = &v1alpha1.SecretKeyReference{Name: "keys", Key: "one"}
	s.Spec.Database.URIFrom = &v1alpha1.SecretKeyReference{Name: "bi", Key: "uri"}
	w.use(renderingOf(s, nil))
	rev, err := revisionOf(s, w.desired, 1, actions.StoreRelease{})
	if err != nil {
		t.Fatal(err)
	}
	rev.OwnerReferences = ownedBy("u")
	for _, older := range []bool{false, true} {
		if older {
			for _, name := range []string{annotationHead, annotationKey, annotationPrevious, annotationDatabase} {
				delete(rev.Annotations, name)
			}
		}
		got := readStored(rev).release
		if got.Key != "keys/two" || got.PreviousKey != "keys/one" || got.Database != "bi/uri" {
			t.Errorf("stored by an older operator %v: %+v", older, got)
		}
	}
	rev.Data.Raw = []byte("{")
	if got := readStored(rev).release; got.Database != "" || got.Hash != w.Desired.Hash {
		t.Errorf("unreadable: %+v", got)
	}
}

// A stored release has the prefix of its keys in Redis as an annotation, and none without one.
func TestKeyPrefixIsStored(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseReady)
	for _, prefix := range []string{"", "bi"} {
		s.Spec.Cache = &v1alpha1.CacheSpec{KeyPrefix: prefix}
		w.use(renderingOf(s, nil))
		rev, err := revisionOf(s, w.desired, 1, actions.StoreRelease{})
		if err != nil {
			t.Fatal(err)
		}
		rev.OwnerReferences = ownedBy("u")
		_, set := rev.Annotations[annotationKeyPrefix]
		if got := readStored(rev).release.KeyPrefix; got != prefix || w.Desired.KeyPrefix != prefix || set != (prefix != "") {
			t.Errorf("%q: stored %q, desired %q, annotated %v", prefix, got, w.Desired.KeyPrefix, set)
		}
	}
}

// Pods without a component (deleted by a user, or missing in a stale cache) still count: a
// migration must not start while they run.
func TestPodsWithoutAComponent(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseDBMigrate)
	hold := w.Tiers[state.Worker]
	w.Status.Upgrade.Strategy = v1alpha1.StrategyRolling
	for pods, want := range map[int]bool{0: true, 1: false} {
		w.Tiers = [3]state.Tier{state.Worker: hold, state.Web: hold}
		w.addTier(s, state.Scheduler, nil, make([]*corev1.Pod, pods))
		d := rules.Decide(state.Of(&w.Observation))
		if runs := d.Work.Job.Script != ""; runs != want {
			t.Errorf("with %d pods of a deleted scheduler the migration starts: %v", pods, runs)
		}
	}
}

func TestLeftover(t *testing.T) {
	job := func(script migrations.Script, fence string, ended, deleted bool) *batchv1.Job {
		j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelScript: string(script), v1alpha1.LabelFence: fence}}}
		if ended {
			j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue}}
		}
		if deleted {
			j.DeletionTimestamp = &metav1.Time{Time: now}
		}
		return j
	}
	for name, c := range map[string]struct {
		phase v1alpha1.Phase
		job   *batchv1.Job
		want  bool
	}{
		"waited for":         {v1alpha1.PhaseValidate, job(migrations.Preflight, "2", false, false), false},
		"older fence":        {v1alpha1.PhaseValidate, job(migrations.Preflight, "1", false, false), true},
		"other phase":        {v1alpha1.PhaseFailed, job(migrations.Preflight, "2", false, false), true},
		"verify in Verify":   {v1alpha1.PhaseVerify, job(migrations.Verify, "2", false, false), false},
		"verify in Rollback": {v1alpha1.PhaseRollback, job(migrations.Verify, "2", false, false), false},
		"verify in Ready":    {v1alpha1.PhaseReady, job(migrations.Verify, "2", false, false), true},
		"ended":              {v1alpha1.PhaseReady, job(migrations.Verify, "2", true, false), false},
		"being removed":      {v1alpha1.PhaseReady, job(migrations.Verify, "2", false, true), false},
		"migrate Job":        {v1alpha1.PhaseFailed, job(migrations.Migrate, "1", false, false), false},
		"without a fence":    {v1alpha1.PhaseValidate, job(migrations.Preflight, "", false, false), true},
	} {
		s, _ := upgrading(t, c.phase)
		if got := len(leftover(s, []*batchv1.Job{c.job})) == 1; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A release in use stays stored regardless of the limit.
func TestInUse(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseRollback)
	s.Status.PreviousRelease, s.Status.Upgrade.HeldRelease, w.Tiers[1].Release = "previous", "held", "on a tier"
	for hash, want := range map[string]bool{"old": true, "previous": true, "held": true, "on a tier": true, w.Desired.Hash: true, "unused": false} {
		if got := inUse(s, w, hash); got != want {
			t.Errorf("%s: %v, want %v", hash, got, want)
		}
	}
	if got := historyLimit(s); got != 10 {
		t.Errorf("history limit %d by default", got)
	}
}

// Beyond the limit the oldest releases are removed. Those in use stay, and count.
func TestHistoryLimit(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseRollback)
	limit := int32(2)
	s.Spec.HistoryLimit, w.Stored = &limit, nil
	for _, hash := range []string{"newest", "newer", "unused", w.Desired.Hash, "old", "oldest"} {
		w.Stored = append(w.Stored, state.Release{Hash: hash})
	}
	keep, remove := overLimit(s, w)
	if diff := cmp.Diff([]string{"newest", "newer", w.Desired.Hash, "old"}, keep); diff != "" {
		t.Errorf("kept, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"unused", "oldest"}, remove); diff != "" {
		t.Errorf("removed, -want +got:\n%s", diff)
	}
}

// A Job with our labels that another object or none controls is ignored, including its fence.
func TestForeignJobs(t *testing.T) {
	job := func(uid types.UID) *batchv1.Job {
		j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelScript: string(migrations.Migrate), v1alpha1.LabelFence: "2", v1alpha1.LabelAttempt: "1"}}}
		if uid != "" {
			j.OwnerReferences = ownedBy(uid)
		}
		return j
	}
	for uid, own := range map[types.UID]bool{"u": true, "another": false, "": false} {
		s, w := upgrading(t, v1alpha1.PhaseDBMigrate)
		w.MaxFence = 0
		w.observeJobs(s, []*batchv1.Job{job(uid)}, nil)
		if w.Migrate.Active != own || w.Migrating != own || (w.MaxFence == 2) != own || len(w.jobs) == 1 != own {
			t.Errorf("a Job of %q: active %v, changes the schema %v, highest fence %d", uid, w.Migrate.Active, w.Migrating, w.MaxFence)
		}
	}
}

func TestSetReplicas(t *testing.T) {
	three := int32(3)
	owned := func(c v1alpha1.Component, n *int32) (string, bool) {
		setReplicas(c, n)
		v, ok := c.GetAnnotations()[annotationReplicas]
		return v, ok
	}
	web := &v1alpha1.SupersetWebWorker{}
	if _, ok := owned(web, nil); ok || web.Spec.Replicas != nil {
		t.Error("without replicas the field belongs to an autoscaler")
	}
	if _, ok := owned(web, &three); !ok || *web.Spec.Replicas != 3 {
		t.Errorf("%v, %v", ok, web.Spec.Replicas)
	}
	if _, ok := owned(&v1alpha1.SupersetAsyncScheduler{}, &three); ok {
		t.Error("a scheduler has no replicas")
	}
}
