// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/pins"
	"github.com/superset-operator/superset-operator/internal/controller/report"
	"github.com/superset-operator/superset-operator/internal/controller/tiers"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// observe reads the cluster and the clock, once.
func (r *Reconciler) observe(ctx context.Context, s *v1alpha1.Superset) (*observed, error) {
	w := &observed{Observation: state.Observation{
		Now:    r.Now(),
		Status: &s.Status,
		Policy: policyOf(&s.Spec),
		Tokens: state.TokensOf(s.Annotations),
	}}
	mine := watch.OfInstance(s.Namespace, s.Name)
	var revisions appsv1.ControllerRevisionList
	if err := r.List(ctx, &revisions, mine); err != nil {
		return nil, fmt.Errorf("listing the stored releases: %w", err)
	}
	w.revisions = revisions.Items
	w.Stored, w.known = r.storedReleases(s, revisions.Items)
	w.Secrets, w.recheck = r.Secrets.Observe(ctx, s, w.Now)
	if err := r.render(ctx, s, w); err != nil {
		return nil, err
	}
	var podList corev1.PodList
	if err := r.List(ctx, &podList, mine); err != nil {
		return nil, fmt.Errorf("listing the pods: %w", err)
	}
	pods := components.Pointers(podList.Items)
	if err := r.observeTiers(ctx, s, w, pods); err != nil {
		return nil, err
	}
	if err := r.observeTraffic(ctx, s, w, pods); err != nil {
		return nil, err
	}
	w.Since, w.ProgressAt = r.progress(s, w.Now, &w.Tiers)
	var jobs batchv1.JobList
	if err := r.List(ctx, &jobs, mine); err != nil {
		return nil, fmt.Errorf("listing the Jobs: %w", err)
	}
	w.observeJobs(s, components.Pointers(jobs.Items), pods)
	w.desired = pins.Complete(w.desired, &pins.Found{Stored: w.Stored, Known: w.pinsOf, Live: w.objects, Preflight: &w.Preflight, Phase: s.Status.Phase})
	r.explainMissingPods(ctx, w)
	if err := r.observeOthers(ctx, s, w); err != nil {
		return nil, err
	}
	return w, r.observeClaims(ctx, s, w)
}

func policyOf(spec *v1alpha1.SupersetSpec) state.Policy {
	p := state.Policy{
		Strategy:         spec.Upgrade.Strategy,
		Rollback:         spec.Upgrade.Rollback,
		Backup:           spec.Upgrade.Backup != nil,
		Rehearsal:        spec.Upgrade.Rehearsal,
		OnFailure:        spec.Upgrade.OnFailure,
		Paused:           spec.Paused,
		AllowUnsupported: spec.Upgrade.AllowUnsupportedVersion,
		AllowSkip:        spec.Upgrade.AllowVersionSkip,
		Deadlines:        spec.Upgrade.Deadlines,
		Approval:         spec.Upgrade.Approval,
		Gates:            spec.Upgrade.Gates,
		Windows:          spec.Upgrade.Windows,
	}
	p.MaintenancePage = spec.Upgrade.MaintenancePage.Enabled == nil || *spec.Upgrade.MaintenancePage.Enabled
	if spec.Upgrade.Verify.Soak != nil {
		p.Soak = spec.Upgrade.Verify.Soak.Duration
	}
	if spec.Upgrade.MaxLockTime != nil {
		p.MaxLockTime = spec.Upgrade.MaxLockTime.Duration
	}
	return p
}

func (r *Reconciler) observeTiers(ctx context.Context, s *v1alpha1.Superset, w *observed, pods []*corev1.Pod) error {
	var lowest *semver.Version
	for i, d := range components.Catalog {
		c := components.NewComponent(d.Name)
		err := r.Get(ctx, client.ObjectKeyFromObject(s), c)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("reading the %s: %w", d.Name, err)
		}
		mine := tiers.PodsOf(pods, s.Name, d.Name)
		if err != nil {
			c = nil
		}
		w.addTier(s, i, c, mine)
		why, next := report.Leaving(mine, w.Now)
		w.Tiers[i].Leaving, w.recheck = why, sooner(w.recheck, next)
		lowest = tiers.LowestVersion(lowest, mine)
	}
	if lowest != nil {
		w.Version = lowest.Original()
	}
	return nil
}

// addTier adds a component, nil for none, and its pods. A component that was deleted, or
// that a stale cache does not show, may still have pods.
func (w *observed) addTier(s *v1alpha1.Superset, tier int, c v1alpha1.Component, pods []*corev1.Pod) {
	switch w.objects[tier] = c; {
	case c == nil:
		w.Tiers[tier].Pods = len(pods)
	case metav1.IsControlledBy(c, s):
		w.Tiers[tier] = tiers.Of(c, pods)
		if tier == state.Worker {
			w.workers = pods
		}
		w.MaxFence = max(w.MaxFence, c.ComponentSpec().Fence)
	}
}

func (w *observed) observeJobs(s *v1alpha1.Superset, jobs []*batchv1.Job, pods []*corev1.Pod) {
	fence := s.Status.UpgradeRevision
	for _, job := range jobs {
		if metav1.IsControlledBy(job, s) {
			w.jobs = append(w.jobs, job)
			w.MaxFence = max(w.MaxFence, migrations.FenceOf(job))
		}
	}
	for _, script := range migrations.Scripts {
		*w.JobOf(script) = migrations.ProgressOf(script, fence, w.jobs, pods).After(state.RecordOf(w.Status, script))
	}
	w.Migrating = migrations.SchemaJobRuns(w.jobs, pods)
	w.observeLingering(s, pods)
	w.LeftoverJobs = len(w.superfluous) > 0
}

// observeOthers looks at the other Supersets where a decision depends on them: a run that may
// begin needs a slot, and a preflight has found a database that others may have.
func (r *Reconciler) observeOthers(ctx context.Context, s *v1alpha1.Superset, w *observed) error {
	begins := state.Resting(s.Status.Phase) && w.Desired.Hash != s.Status.Release
	identity := w.Preflight.Result.Identity
	if !begins && (s.Status.Phase != v1alpha1.PhaseValidate || identity == "") {
		return nil
	}
	if begins {
		r.slots.Looks(s)
		busy, err := r.slots.Busy(ctx, r.Client, s)
		w.Busy = busy
		return err
	}
	var users v1alpha1.SupersetList
	if err := r.List(ctx, &users, watch.WithDatabase(identity)); err != nil {
		return fmt.Errorf("listing the Supersets with a database: %w", err)
	}
	w.Sharing = sharing(s, users.Items)
	return nil
}

// sharing are the Supersets other than s that use its database.
func sharing(s *v1alpha1.Superset, users []v1alpha1.Superset) (out []state.Sharer) {
	for i := range users {
		if other := &users[i]; other.UID != s.UID {
			out = append(out, state.Sharer{Name: other.Namespace + "/" + other.Name, Scheduler: other.Spec.Scheduler != nil})
		}
	}
	slices.SortFunc(out, func(a, b state.Sharer) int { return strings.Compare(a.Name, b.Name) })
	return out
}
