// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rules"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/migrations/render"
)

// observeClaims finds the claims of backups that are lost.
func (r *Reconciler) observeClaims(ctx context.Context, s *v1alpha1.Superset, w *observed) error {
	for _, b := range s.Status.Backups {
		if b.Claim == "" || slices.Contains(w.LostClaims, b.Claim) {
			continue
		}
		lost, err := r.claimLost(ctx, client.ObjectKey{Namespace: s.Namespace, Name: b.Claim})
		if err != nil {
			return err
		}
		if lost {
			w.LostClaims = append(w.LostClaims, b.Claim)
		}
	}
	return nil
}

// claimLost is true for a claim that does not exist or is being deleted. The cache has the
// claims that the operator made. Any other one is read once, and again when a restore
// begins: an idle Superset reads nothing.
func (r *Reconciler) claimLost(ctx context.Context, key client.ObjectKey) (bool, error) {
	claim := claimMetadata()
	err := r.Get(ctx, key, claim)
	switch lost, known := r.claims.Get(key); {
	case err == nil:
		r.claims.Remove(key)
		return isLost(claim), nil
	case !apierrors.IsNotFound(err):
		return false, fmt.Errorf("reading claim %s: %w", key.Name, err)
	case known:
		return lost.(bool), nil
	}
	claim, err = r.readClaim(ctx, key)
	return isLost(claim), err
}

func isLost(claim *metav1.PartialObjectMetadata) bool {
	return claim == nil || claim.DeletionTimestamp != nil
}

// readClaim reads the metadata of a claim from the API server; nil for none.
func (r *Reconciler) readClaim(ctx context.Context, key client.ObjectKey) (*metav1.PartialObjectMetadata, error) {
	claim := claimMetadata()
	switch err := r.live.Get(ctx, key, claim); {
	case apierrors.IsNotFound(err):
		claim = nil
	case err != nil:
		return nil, fmt.Errorf("reading claim %s from the API server: %w", key.Name, err)
	}
	r.claims.Add(key, isLost(claim))
	return claim, nil
}

func claimMetadata() *metav1.PartialObjectMetadata { return watch.Metadata("PersistentVolumeClaim") }

// decide decides. What depends on a claim is decided on a live read of it: a restore before
// anything is stopped for it, and a backup before the run leaves Validate.
func (r *Reconciler) decide(ctx context.Context, s *v1alpha1.Superset, w *observed) (lifecycle.Decision, error) {
	for {
		d := rules.Decide(state.Of(&w.Observation))
		again, err := r.readNeeded(ctx, s, w, &d)
		if err != nil || !again {
			return d, err
		}
	}
}

// readNeeded reads the claim that a decision depends on; again is true when it cannot be
// used, and the observation says so now.
func (r *Reconciler) readNeeded(ctx context.Context, s *v1alpha1.Superset, w *observed, d *lifecycle.Decision) (again bool, err error) {
	if d.NeedsClaim() && render.MountsClaim(s) {
		_, err := r.usableClaim(ctx, s, render.ClaimName(s), render.Claim(s) == nil)
		if _, message, rejected := apply.Rejected(err); rejected {
			w.NoClaim = message
			return true, nil
		}
		return false, err
	}
	i := slices.IndexFunc(s.Status.Backups, func(b v1alpha1.BackupStatus) bool { return b.Name == d.RestoresFrom() && b.Claim != "" })
	if i < 0 {
		return false, nil
	}
	claim := s.Status.Backups[i].Claim
	found, err := r.readClaim(ctx, client.ObjectKey{Namespace: s.Namespace, Name: claim})
	if err != nil || !isLost(found) {
		return false, err
	}
	w.LostClaims = append(w.LostClaims, claim)
	return true, nil
}

// usableClaim reads the claim that a Job is about to mount; nil for one that is missing and
// need not exist. The error is an apply.BlockedError if the Job cannot use it.
func (r *Reconciler) usableClaim(ctx context.Context, s *v1alpha1.Superset, name string, mustExist bool) (*metav1.PartialObjectMetadata, error) {
	claim, err := r.readClaim(ctx, client.ObjectKey{Namespace: s.Namespace, Name: name})
	switch {
	case err != nil:
		return nil, err
	case claim == nil && mustExist:
		return nil, apply.BlockedError(fmt.Sprintf("claim %s for backups does not exist: create it, or change spec.upgrade.backup.claim", name))
	case claim != nil && claim.DeletionTimestamp != nil:
		return nil, apply.BlockedError(fmt.Sprintf("claim %s for backups is being deleted; to see what still uses it: kubectl describe pvc -n %s %s", name, s.Namespace, name))
	}
	return claim, nil
}

// provideClaim provides the claim that a Job mounts; it does nothing for a Job without one.
// A restore or its check needs the claim with its backup, and a backup or its check the claim that spec names.
// Otherwise the operator creates it. It has no owner, because backups outlive the Superset.
func (r *Reconciler) provideClaim(ctx context.Context, s *v1alpha1.Superset, script migrations.Script, name string) error {
	if name == "" {
		return nil
	}
	ours := render.Claim(s)
	creates := (script == migrations.BackupCheck || script == migrations.Backup) && ours != nil
	found, err := r.usableClaim(ctx, s, name, !creates)
	if err != nil || !creates {
		return err
	}
	if found != nil {
		if script == migrations.Backup {
			r.warnOfPruning(s, found)
		}
		return nil
	}
	if err := r.Create(ctx, ours, apply.FieldOwner); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating the claim for backups: %w", err)
	}
	return nil
}

// warnOfPruning reports, with each backup, a claim that an older operator made: by its label
// Argo CD may take it for a part of an application, and prune it. The operator has no right
// to change claims.
func (r *Reconciler) warnOfPruning(s *v1alpha1.Superset, claim *metav1.PartialObjectMetadata) {
	if claim.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedBy || claim.Labels[v1alpha1.LabelInstance] == "" {
		return
	}
	r.Events.Eventf(s, claim, corev1.EventTypeWarning, v1alpha1.ReasonClaimMayBePruned, "Backup",
		"Argo CD may prune claim %[1]s with all backups, because it has the label %[3]s. Run: kubectl label pvc -n %[2]s %[1]s %[3]s- %[4]s=%[5]s && kubectl annotate pvc -n %[2]s %[1]s %[6]s=%[7]s",
		claim.Name, s.Namespace, v1alpha1.LabelInstance, v1alpha1.LabelBackupsOf, s.Name, v1alpha1.AnnotationSyncOptions, v1alpha1.NoPrune)
}
