// SPDX-License-Identifier: Apache-2.0

package controller

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
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// A Job that could not be made is an error, and is not waited for: what comes next
// rests upon it.
func TestAJobThatIsNotMade(t *testing.T) {
	full := errors.New("the quota is used up")
	for name, refusal := range map[string]error{"it is made": nil, "it is refused": full} {
		s, w := upgrading(t, v1alpha1.PhaseDBMigrate)
		c := interceptor.NewClient(fake.NewClientBuilder().WithScheme(Options(nil).Scheme).Build(), interceptor.Funcs{
			Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
				if _, job := obj.(*batchv1.Job); job && refusal != nil {
					return refusal
				}
				return c.Create(ctx, obj, opts...)
			},
		})
		r := &SupersetReconciler{Client: c, apply: apply.New(c, c), made: lru.New(8), releases: lru.New(8)}
		err := r.do(t.Context(), s, w, lifecycle.Action{Kind: lifecycle.RunJob, Script: migrations.Migrate, Release: w.Desired.Hash, Fence: 2, Attempt: 1})
		if !errors.Is(err, refusal) {
			t.Errorf("%s: %v", name, err)
		}
		if made, waits := r.made.Get(s.UID); waits == (refusal != nil) {
			t.Errorf("%s: %v is waited for: %v", name, made, waits)
		}
	}
}

// A Job that another Superset controls counts for nothing, whatever its labels say.
func TestJobsOfAnother(t *testing.T) {
	for owner, want := range map[types.UID]int64{"u": 9, "another": 0} {
		s, w := upgrading(t, v1alpha1.PhaseDBMigrate)
		job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "bi-migrate-9-1", Namespace: "analytics", Labels: components.JobLabels("bi")}}
		job.Labels[v1alpha1.LabelFence], job.Labels[v1alpha1.LabelScript] = "9", string(migrations.Migrate)
		job.OwnerReferences = ownedBy(owner)
		w.observeJobs(s, []*batchv1.Job{job}, nil)
		if ours := len(w.jobs) > 0; w.MaxFence != want || w.Migrating != ours || ours != (want > 0) {
			t.Errorf("a Job of %s: fence %d, %d of ours, migrating: %v", owner, w.MaxFence, len(w.jobs), w.Migrating)
		}
	}
}

// Past the history limit the oldest releases go, but none that runs or that a way
// back leads to.
func TestWhatIsPruned(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseReady)
	limit := int32(2)
	s.Spec.HistoryLimit = &limit
	s.Status.Release, s.Status.PreviousRelease = "runs", "before"
	s.Status.Upgrade.FromRelease, s.Status.Upgrade.ToRelease = "", ""
	w.Tiers[lifecycle.Web].Release = "lags"
	w.Stored = nil
	for _, hash := range []string{"runs", "newer", "unused", "before", "lags", "oldest"} {
		w.Stored = append(w.Stored, lifecycle.Release{Hash: hash})
	}
	keep, leave := past(s, w)
	if !slices.Equal(keep, []string{"runs", "newer", "before", "lags"}) || !slices.Equal(leave, []string{"unused", "oldest"}) {
		t.Errorf("%v stay, %v go", keep, leave)
	}
}
