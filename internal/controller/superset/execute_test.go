// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/tiers"
	"github.com/superset-operator/superset-operator/internal/controller/watch/watchtest"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// A failed creation of a Job is an error, and the operator does not wait for this Job.
func TestJobNotCreated(t *testing.T) {
	quota := errors.New("the quota is exceeded")
	for name, rejection := range map[string]error{"created": nil, "rejected": quota} {
		s, w := upgrading(t, v1alpha1.PhaseDBMigrate)
		c := interceptor.NewClient(watchtest.Builder().Build(), interceptor.Funcs{
			Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
				if _, job := obj.(*batchv1.Job); job && rejection != nil {
					return rejection
				}
				return c.Create(ctx, obj, opts...)
			},
		})
		r := &Reconciler{Client: c, apply: apply.New(c, c), created: lru.New(8), releases: lru.New(8)}
		err := r.do(t.Context(), s, w, actions.RunJob{Script: migrations.Migrate, Release: w.Desired.Hash, Fence: 2, Attempt: 1})
		if !errors.Is(err, rejection) {
			t.Errorf("%s: %v", name, err)
		}
		if created, waits := r.created.Get(s.UID); waits == (rejection != nil) {
			t.Errorf("%s: waits for %v: %v", name, created, waits)
		}
	}
}

// A Job that another Superset controls is ignored, whatever its labels are.
func TestJobsOfAnotherSuperset(t *testing.T) {
	for owner, want := range map[types.UID]int64{"u": 9, "another": 0} {
		s, w := upgrading(t, v1alpha1.PhaseDBMigrate)
		job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "bi-migrate-9-1", Namespace: "analytics", Labels: components.JobLabels("bi")}}
		job.Labels[v1alpha1.LabelFence], job.Labels[v1alpha1.LabelScript] = "9", string(migrations.Migrate)
		job.OwnerReferences = ownedBy(owner)
		w.observeJobs(s, []*batchv1.Job{job}, nil)
		if own := len(w.jobs) > 0; w.MaxFence != want || w.Migrating != own || own != (want > 0) {
			t.Errorf("a Job of %s: fence %d, %d own Jobs, migrating: %v", owner, w.MaxFence, len(w.jobs), w.Migrating)
		}
	}
}

// Beyond the history limit the oldest releases are removed, except those that run or that a
// rollback needs.
func TestPrunedReleases(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseReady)
	limit := int32(2)
	s.Spec.HistoryLimit = &limit
	s.Status.Release, s.Status.PreviousRelease = "running", "previous"
	s.Status.Upgrade.FromRelease, s.Status.Upgrade.ToRelease = "", ""
	w.Tiers[state.Web].Release = "on a tier"
	w.Stored = nil
	for _, hash := range []string{"running", "newer", "unused", "previous", "on a tier", "oldest"} {
		w.Stored = append(w.Stored, state.Release{Hash: hash})
	}
	keep, remove := overLimit(s, w)
	if !slices.Equal(keep, []string{"running", "newer", "previous", "on a tier"}) || !slices.Equal(remove, []string{"unused", "oldest"}) {
		t.Errorf("kept %v, removed %v", keep, remove)
	}
}

// Nothing is removed while a release that is in use is missing: its pods mount ConfigMaps
// that no stored release names.
func TestNothingIsPrunedWhileAReleaseIsMissing(t *testing.T) {
	for missing, edit := range map[string]func(*v1alpha1.Superset, *observed){
		"none":                 func(*v1alpha1.Superset, *observed) {},
		"held, never stored":   func(s *v1alpha1.Superset, _ *observed) { s.Status.Upgrade.HeldRelease = "lost" },
		"target, never stored": func(s *v1alpha1.Superset, _ *observed) { s.Status.Upgrade.ToRelease = "lost" },
		"running":              func(s *v1alpha1.Superset, _ *observed) { s.Status.Release = "lost" },
		"previous":             func(s *v1alpha1.Superset, _ *observed) { s.Status.PreviousRelease = "lost" },
		"start of the run":     func(s *v1alpha1.Superset, _ *observed) { s.Status.Upgrade.FromRelease = "lost" },
		"rollback target":      func(s *v1alpha1.Superset, _ *observed) { s.Status.Upgrade.RollbackRelease = "lost" },
		"of the downgrade Job": func(s *v1alpha1.Superset, _ *observed) {
			s.Status.Upgrade.Rollback = &v1alpha1.RollbackStatus{Release: "lost"}
		},
		"on a tier": func(_ *v1alpha1.Superset, w *observed) { w.Tiers[state.Worker].Release = "lost" },
	} {
		s, w := upgrading(t, v1alpha1.PhaseReady)
		unused := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "bi-config-unused", Namespace: s.Namespace, Labels: components.Labels(s.Name), OwnerReferences: ownedBy(s.UID)}}
		c := watchtest.Builder().WithObjects(unused).Build()
		r := &Reconciler{Client: c, apply: apply.New(c, c), releases: lru.New(8)}
		for _, stored := range w.Stored {
			r.releases.Add(string(s.UID)+"/"+stored.Hash, &components.Release{})
		}
		edit(s, w)
		if err := r.prune(t.Context(), s, w); err != nil {
			t.Fatal(err)
		}
		kept := c.Get(t.Context(), client.ObjectKeyFromObject(unused), unused) == nil
		removes := missing == "none" || strings.HasSuffix(missing, "never stored")
		if kept == removes {
			t.Errorf("missing: %s: the ConfigMap is kept: %v", missing, kept)
		}
	}
}

// A ControllerRevision with the name of ours is used only if this Superset controls it.
func TestForeignRevisionIsNotLoaded(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseReady)
	older := s.DeepCopy()
	older.Spec.Config.Raw = "ROW_LIMIT = 5000"
	stored, err := components.ReleaseOf(older, nil)
	if err != nil {
		t.Fatal(err)
	}
	for owner, want := range map[types.UID]bool{s.UID: true, "another": false} {
		revision, err := revisionOf(s, stored, 1, actions.StoreRelease{})
		if err != nil {
			t.Fatal(err)
		}
		revision.OwnerReferences = ownedBy(owner)
		c := watchtest.Builder().WithObjects(revision).Build()
		r := &Reconciler{Client: c, releases: lru.New(8)}
		_, err = r.load(t.Context(), s, w, stored.Hash())
		var conflict *apply.ConflictError
		if loaded := err == nil; loaded != want || !want && !errors.As(err, &conflict) {
			t.Errorf("controlled by %s: %v", owner, err)
		}
	}
}

// Preflight asks the web tier of the release that runs, Verify that of its own release: at the
// path of each.
func TestJobsAskWebAtItsPath(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseValidate)
	r := &Reconciler{releases: lru.New(8)}
	paths := map[string]string{"running": "/old", "target": "/new"}
	for hash, path := range paths {
		before := s.DeepCopy()
		before.Spec.Version, before.Spec.Web.BasePath = "6.0.0", path
		release, err := components.ReleaseOf(before, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.releases.Add(string(s.UID)+"/"+hash, release)
	}
	s.Status.Release = "running"
	for script, want := range map[migrations.Script]string{migrations.Preflight: "/old", migrations.Verify: "/new"} {
		order, err := r.order(t.Context(), s, w, actions.RunJob{Script: script, Release: "target", AsUser: true})
		if err != nil || order.BasePath != want {
			t.Errorf("%s asks web at %q, %v, want %q", script, order.BasePath, err, want)
		}
	}
}

// A component whose release is missing is still scaled, and stopped by a Drain. Its other
// fields stay, and nothing is written when nothing changes.
func TestTierOfAMissingRelease(t *testing.T) {
	for name, tt := range map[string]struct {
		action   actions.ApplyTier
		replicas int32
		writes   int
	}{
		"kept":    {actions.ApplyTier{Release: "lost", Fence: 1, Mode: v1alpha1.ModeServe}, 2, 0},
		"scaled":  {actions.ApplyTier{Release: "lost", Fence: 1, Mode: v1alpha1.ModeServe}, 4, 1},
		"stopped": {actions.ApplyTier{Release: "lost", Fence: 2, Mode: v1alpha1.ModeHold}, 2, 1},
	} {
		s, w := upgrading(t, v1alpha1.PhaseDBMigrate)
		tt.action.Tier, s.Spec.Web.Replicas = state.Web, &tt.replicas
		two, writes := int32(2), 0
		live := &v1alpha1.SupersetWebWorker{ObjectMeta: metav1.ObjectMeta{Name: s.Name, Namespace: s.Namespace, OwnerReferences: ownedBy(s.UID)}}
		live.Spec.Release, live.Spec.Fence, live.Spec.Mode, live.Spec.Replicas, live.Spec.ConfigMapName = "lost", 1, v1alpha1.ModeServe, &two, "theirs"
		c := interceptor.NewClient(watchtest.Builder().WithObjects(live).Build(), interceptor.Funcs{
			Patch: func(ctx context.Context, c client.WithWatch, obj client.Object, p client.Patch, opts ...client.PatchOption) error {
				writes++
				return c.Patch(ctx, obj, p, opts...)
			},
		})
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(live), live); err != nil {
			t.Fatal(err)
		}
		w.objects[state.Web], w.Tiers[state.Web] = live, tiers.Of(live, nil)
		r := &Reconciler{Client: c, apply: apply.New(c, c), releases: lru.New(8)}
		if err := r.do(t.Context(), s, w, tt.action); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got v1alpha1.SupersetWebWorker
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(live), &got); err != nil {
			t.Fatal(err)
		}
		if writes != tt.writes || *got.Spec.Replicas != tt.replicas || got.Spec.Mode != tt.action.Mode || got.Spec.Fence != tt.action.Fence || got.Spec.ConfigMapName != "theirs" {
			t.Errorf("%s: %d writes, %+v", name, writes, got.Spec)
		}
	}
}
