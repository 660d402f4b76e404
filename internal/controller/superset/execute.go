// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/accounts"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rules"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/migrations/render"
)

// execute keeps the account of the pods, and carries out the work of a decision, in its order.
// An object in the way does not stop what does not depend on it: every tier is still scaled and created again. blocked is
// the first error that needs manual intervention, and failed the first other one.
func (r *Reconciler) execute(ctx context.Context, s *v1alpha1.Superset, w *observed, work *actions.Work) (blocked, failed error) {
	stops := func(err error) bool {
		if _, _, isRejected := rejected(err); isRejected {
			blocked = cmp.Or(blocked, err)
		} else {
			failed = cmp.Or(failed, err)
		}
		return isStale(err) || ctx.Err() != nil
	}
	if stops(accounts.Keep(ctx, r.Client, &r.apply, s)) {
		return blocked, failed
	}
	for _, a := range work.Actions() {
		if (blocked != nil || failed != nil) && actions.NeedsAll(a) {
			continue
		}
		if stops(r.do(ctx, s, w, a)) {
			break
		}
	}
	return blocked, failed
}

// isStale is true for an error that may come from a decision on a stale cache or status: a
// conflict, or a component that rejects a lower fence as invalid. Then nothing else of the
// decision is done.
func isStale(err error) bool { return apierrors.IsConflict(err) || apierrors.IsInvalid(err) }

// do carries out one action. Each is idempotent.
func (r *Reconciler) do(ctx context.Context, s *v1alpha1.Superset, w *observed, a actions.Action) error {
	switch a := a.(type) {
	case actions.StoreRelease:
		return r.storeRelease(ctx, s, w, a)
	case actions.RouteTraffic:
		return r.routeTraffic(ctx, s, w, a)
	case actions.ApplyPage:
		return w.pageRejected(r.applyPage(ctx, s, w))
	case actions.RemovePage:
		return r.apply.Delete(ctx, w.page)
	case actions.ApplyTier:
		return r.applyTier(ctx, s, w, a)
	case actions.RemoveTier:
		return r.apply.Delete(ctx, w.objects[a.Tier])
	case actions.RunJob:
		return r.runJob(ctx, s, w, a)
	case actions.EndJobs:
		return r.endJobs(ctx, w)
	case actions.Prune:
		return r.prune(ctx, s, w)
	default:
		return fmt.Errorf("action %T is unknown", a)
	}
}

// applyTier gives a component a release. Replicas come from spec as it is now, in every
// phase: scaling is never held back. A component that has this release already is kept if the
// release is missing.
func (r *Reconciler) applyTier(ctx context.Context, s *v1alpha1.Superset, w *observed, a actions.ApplyTier) error {
	name, live := components.Catalog[a.Tier].Name, w.objects[a.Tier]
	replicas := components.WantedReplicas(&s.Spec, name)
	var missing *missingError
	release, err := r.load(ctx, s, w, a.Release)
	if errors.As(err, &missing) && w.Tiers[a.Tier].Exists && w.Tiers[a.Tier].Release == a.Release {
		return r.keepTier(ctx, live, a, replicas)
	}
	if err != nil {
		return fmt.Errorf("rendering the %s: %w", name, err)
	}
	config := configOf(s, release)
	if err := r.apply.Keep(ctx, s, config); err != nil {
		return err
	}
	c := release.Component(name, s)
	deadline := int32(math.Ceil(rules.TierDeadline(s.Spec.Upgrade.Deadlines, a.Tier).Seconds()))
	c.ComponentSpec().Fence, c.ComponentSpec().Mode, c.ComponentSpec().ProgressDeadlineSeconds = a.Fence, a.Mode, &deadline
	setReplicas(c, replicas)
	if live == nil {
		_, err := r.apply.Apply(ctx, s, c, nil, config)
		return err
	}
	if w.Tiers[a.Tier].Exists { // otherwise it is a foreign object, and Apply is a conflict
		if err := r.handOverReplicas(ctx, live, c); err != nil {
			return err
		}
	}
	_, err = r.apply.Apply(ctx, s, c, live, config)
	return err
}

// runJob creates a Job, and before it all that its pod mounts.
func (r *Reconciler) runJob(ctx context.Context, s *v1alpha1.Superset, w *observed, a actions.RunJob) error {
	order, err := r.order(ctx, s, w, a)
	if err != nil {
		return fmt.Errorf("creating the %s Job: %w", a.Script, err)
	}
	for _, cm := range mountsOf(s, &order) {
		if err := r.apply.Use(ctx, s, cm); err != nil {
			return err
		}
	}
	job, err := render.Job(s, order)
	if err != nil {
		return err
	}
	if err := r.provideClaim(ctx, s, a.Script, migrations.ClaimOf(job)); err != nil {
		return err
	}
	if err := r.apply.Create(ctx, s, job); err != nil {
		return err
	}
	r.created.Add(s.UID, job.Name)
	return nil
}

// order reads the releases of the Job that an action asks for.
func (r *Reconciler) order(ctx context.Context, s *v1alpha1.Superset, w *observed, a actions.RunJob) (render.Order, error) {
	release, err := r.load(ctx, s, w, a.Release)
	if err != nil {
		return render.Order{}, err
	}
	order := orderOf(s, w, release, a)
	order.Platform = r.Platform
	asked := release
	if a.Script == migrations.Preflight && a.AsUser && s.Status.Release != "" { // web is still that of the release that runs
		if asked, err = r.load(ctx, s, w, s.Status.Release); err != nil {
			return order, err
		}
	}
	order.BasePath = asked.ServedPath(s)
	if a.Script == migrations.Rehearse {
		order.Current, err = r.load(ctx, s, w, a.Current)
	}
	return order, err
}

// mountsOf are the ConfigMaps that the pod of a Job mounts.
func mountsOf(s *v1alpha1.Superset, o *render.Order) []*corev1.ConfigMap {
	mounts := []*corev1.ConfigMap{render.ScriptsConfigMap(s.Name, s.Namespace), configOf(s, o.Release)}
	if o.Current != nil && o.Current.ConfigMap != o.Release.ConfigMap {
		mounts = append(mounts, configOf(s, o.Current))
	}
	return mounts
}

// orderOf is the Job that an action asks for.
func orderOf(s *v1alpha1.Superset, w *observed, release *components.Release, a actions.RunJob) render.Order {
	o := render.Order{
		Script: a.Script, Fence: a.Fence, Attempt: a.Attempt, Release: release,
		ExpectedRevision: a.ExpectedRevision, Revision: a.Revision, Backup: a.Backup, Reencrypt: a.Reencrypt,
		Workers: render.Hosts(w.workers), MaxLock: a.MaxLockTime, AsUser: a.AsUser, Queries: a.Queries,
		WebReady: a.WebReady, WebUnreachable: a.WebUnreachable,
	}
	o.Database = w.Preflight.Result.Database
	if o.Database == "" && s.Status.Schema != nil {
		o.Database = s.Status.Schema.Database
	}
	if (a.Script == migrations.RestoreCheck || a.Script == migrations.Restore) && s.Status.Schema != nil {
		o.AcceptedIdentity, o.AcceptedDrops = s.Status.Schema.Identity, s.Status.Upgrade.Rollback.Drops
	}
	for _, b := range s.Status.Backups {
		if b.Name == a.Backup {
			o.SHA256, o.Claim = b.SHA256, b.Claim
		}
	}
	return o
}

func (r *Reconciler) endJobs(ctx context.Context, w *observed) error {
	var errs []error
	for _, job := range w.superfluous {
		errs = append(errs, r.apply.Delete(ctx, job))
	}
	return errors.Join(errs...)
}
