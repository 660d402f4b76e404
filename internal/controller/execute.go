// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// execute does the work of a decision, in its order. The first error ends it:
// what comes later may rest on what came before.
func (r *SupersetReconciler) execute(ctx context.Context, s *v1alpha1.Superset, w *world, work *lifecycle.Work) error {
	for _, a := range work.Actions() {
		if err := r.do(ctx, s, w, a); err != nil {
			return err
		}
	}
	return nil
}

// do performs one action. Each is idempotent.
func (r *SupersetReconciler) do(ctx context.Context, s *v1alpha1.Superset, w *world, a lifecycle.Action) error {
	switch a.Kind {
	case lifecycle.StoreRelease:
		return r.storeRelease(ctx, s, w, a)
	case lifecycle.ApplyService:
		return r.applyService(ctx, s, w, a)
	case lifecycle.ApplyPage:
		return w.holdsNothingUp(r.applyPage(ctx, s, w))
	case lifecycle.RemovePage:
		return r.apply.Delete(ctx, w.page)
	case lifecycle.ApplyTier:
		return r.applyTier(ctx, s, w, a)
	case lifecycle.RemoveTier:
		return r.apply.Delete(ctx, w.objects[a.Tier])
	case lifecycle.RunJob:
		return r.runJob(ctx, s, w, a)
	case lifecycle.EndJobs:
		return r.endJobs(ctx, s, w)
	case lifecycle.Prune:
		return r.prune(ctx, s, w)
	default:
		return fmt.Errorf("action %d is unknown", a.Kind)
	}
}

// storeRelease stores the desired release with its plan, and what its pods
// mount. A release that is stored already keeps its revision; one that was not seen
// when that was decided, and is there by now, is left alone.
func (r *SupersetReconciler) storeRelease(ctx context.Context, s *v1alpha1.Superset, w *world, a lifecycle.Action) error {
	if w.desired == nil {
		return nil
	}
	if err := r.ensureConfig(ctx, s, w.desired); err != nil {
		return err
	}
	fence, before := s.Status.UpgradeRevision, client.Object(nil)
	for i := range w.revisions {
		if w.revisions[i].Name == releaseName(s.Name, w.Desired.Hash) {
			fence, before = w.revisions[i].Revision, &w.revisions[i]
		}
	}
	revision, err := storedRelease(s, w.desired, fence, a)
	if err != nil {
		return err
	}
	_, err = r.apply.Apply(ctx, s, revision, before)
	return err
}

// ensureConfig makes the config of a release exist.
func (r *SupersetReconciler) ensureConfig(ctx context.Context, s *v1alpha1.Superset, release *components.Release) error {
	return r.ensure(ctx, s, components.ConfigMap(s.Name, s.Namespace, release.Config))
}

// ensure creates an immutable object unless it stands already.
func (r *SupersetReconciler) ensure(ctx context.Context, s *v1alpha1.Superset, cm *corev1.ConfigMap) error {
	err := r.Get(ctx, client.ObjectKeyFromObject(cm), &corev1.ConfigMap{})
	if apierrors.IsNotFound(err) {
		return r.apply.Create(ctx, s, cm)
	}
	if err != nil {
		return fmt.Errorf("reading ConfigMap %s: %w", cm.Name, err)
	}
	return nil
}

// applyTier makes a component what a release says. Replicas come from spec as
// it is now, in every phase: scaling always passes at once.
func (r *SupersetReconciler) applyTier(ctx context.Context, s *v1alpha1.Superset, w *world, a lifecycle.Action) error {
	name := components.Catalog[a.Tier].Name
	release, err := r.withConfig(ctx, s, w, a.Release)
	if err != nil {
		return fmt.Errorf("rendering the %s: %w", name, err)
	}
	c := release.Component(name, s)
	c.ComponentSpec().Fence, c.ComponentSpec().Mode = a.Fence, a.Mode
	setReplicas(c, components.WantedReplicas(&s.Spec, name))
	live := w.objects[a.Tier]
	if live == nil {
		_, err := r.apply.Apply(ctx, s, c, nil)
		return err
	}
	if err := r.handOverReplicas(ctx, live, c); err != nil {
		return err
	}
	_, err = r.apply.Apply(ctx, s, c, live)
	return err
}

// load reads a release: the desired one, or one from the store.
func (r *SupersetReconciler) load(ctx context.Context, s *v1alpha1.Superset, w *world, hash string) (*components.Release, error) {
	if w.desired != nil && hash == w.Desired.Hash {
		return w.desired, nil
	}
	if kept, ok := r.releases.Get(hash); ok {
		return kept.(*components.Release), nil
	}
	var revision appsv1.ControllerRevision
	if err := r.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: releaseName(s.Name, hash)}, &revision); err != nil {
		return nil, fmt.Errorf("reading release %s: %w", hash, err)
	}
	release, err := components.ParseRelease(revision.Data.Raw)
	if err != nil {
		return nil, err
	}
	if got := release.Hash(); got != hash {
		return nil, fmt.Errorf("reading release %s: its content has hash %s, so somebody changed it", hash, got)
	}
	r.releases.Add(hash, release)
	return release, nil
}

func (r *SupersetReconciler) runJob(ctx context.Context, s *v1alpha1.Superset, w *world, a lifecycle.Action) error {
	release, err := r.withConfig(ctx, s, w, a.Release)
	if err != nil {
		return fmt.Errorf("making the %s Job: %w", a.Script, err)
	}
	order := orderOf(s, w, release, a)
	if a.Script == migrations.Rehearse {
		if order.Current, err = r.withConfig(ctx, s, w, a.Current); err != nil {
			return fmt.Errorf("making the %s Job: %w", a.Script, err)
		}
	}
	if err := r.ensure(ctx, s, migrations.ScriptsConfigMap(s.Name, s.Namespace)); err != nil {
		return err
	}
	if claim := migrations.Claim(s); claim != nil && a.Script == migrations.Backup {
		if err := r.ensureClaim(ctx, claim); err != nil {
			return err
		}
	}
	job, err := migrations.Job(s, order)
	if err != nil {
		return err
	}
	if err := r.apply.Create(ctx, s, job); err != nil {
		return err
	}
	r.made.Add(s.UID, job.Name)
	return nil
}

// withConfig reads a release, and makes its config exist.
func (r *SupersetReconciler) withConfig(ctx context.Context, s *v1alpha1.Superset, w *world, hash string) (*components.Release, error) {
	release, err := r.load(ctx, s, w, hash)
	if err != nil {
		return nil, err
	}
	return release, r.ensureConfig(ctx, s, release)
}

// orderOf is the Job that an action asks for.
func orderOf(s *v1alpha1.Superset, w *world, release *components.Release, a lifecycle.Action) migrations.Order {
	o := migrations.Order{
		Script: a.Script, Fence: a.Fence, Attempt: a.Attempt, Release: release,
		ExpectedRevision: a.ExpectedRevision, Revision: a.Revision, Backup: a.Backup, Reencrypt: a.Reencrypt,
		Workers: workersOf(w), MaxLock: a.MaxLock, AsUser: a.AsUser, Queries: a.Queries,
	}
	if s.Status.Schema != nil {
		o.Database = s.Status.Schema.Database
	}
	for _, b := range s.Status.Backups {
		if b.Name == a.Backup {
			o.SHA256, o.Claim = b.SHA256, b.Claim
		}
	}
	return o
}

// ensureClaim makes the claim for backups. It is nobody's child, for backups
// outlive the Superset; one that stands is used as it is.
func (r *SupersetReconciler) ensureClaim(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	err := r.Create(ctx, claim, fieldOwner)
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making the claim for backups: %w", err)
	}
	return nil
}

// workersOf is how many workers must answer: as many as there should be.
func workersOf(w *world) int32 {
	c := w.objects[lifecycle.Worker]
	if c == nil {
		return 0
	}
	return *components.Replicas(c)
}

func (r *SupersetReconciler) endJobs(ctx context.Context, s *v1alpha1.Superset, w *world) error {
	var errs []error
	for _, job := range leftover(s, w.jobs) {
		errs = append(errs, r.apply.Delete(ctx, job))
	}
	return errors.Join(errs...)
}
