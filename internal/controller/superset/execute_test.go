// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"errors"
	"slices"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// A failed creation of a Job is an error, and the operator does not wait for this Job.
func TestJobNotCreated(t *testing.T) {
	quota := errors.New("the quota is exceeded")
	for name, rejection := range map[string]error{"created": nil, "rejected": quota} {
		s, w := upgrading(t, v1alpha1.PhaseDBMigrate)
		c := interceptor.NewClient(fake.NewClientBuilder().WithScheme(watch.Scheme()).Build(), interceptor.Funcs{
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

// A ControllerRevision with the name of ours is used only if this Superset controls it.
func TestForeignRevisionIsNotLoaded(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseReady)
	stored, err := components.ReleaseOf(s)
	if err != nil {
		t.Fatal(err)
	}
	stored.Config += "# an older release"
	for owner, want := range map[types.UID]bool{s.UID: true, "another": false} {
		revision, err := revisionOf(s, stored, 1, actions.StoreRelease{})
		if err != nil {
			t.Fatal(err)
		}
		revision.OwnerReferences = ownedBy(owner)
		c := fake.NewClientBuilder().WithScheme(watch.Scheme()).WithObjects(revision).Build()
		r := &Reconciler{Client: c, releases: lru.New(8)}
		_, err = r.load(t.Context(), s, w, stored.Hash())
		var conflict *apply.ConflictError
		if loaded := err == nil; loaded != want || !want && !errors.As(err, &conflict) {
			t.Errorf("controlled by %s: %v", owner, err)
		}
	}
}
