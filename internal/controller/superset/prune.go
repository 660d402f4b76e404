// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/accounts"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
	"github.com/superset-operator/superset-operator/internal/migrations/render"
)

// prune removes the oldest releases past the history limit, and the ConfigMaps and the account
// that no stored release needs. A release that is in use is never removed. While one is missing,
// nothing is removed: what its pods need is not known.
func (r *Reconciler) prune(ctx context.Context, s *v1alpha1.Superset, w *observed) error {
	if anyMissing(s, w) {
		return nil
	}
	keep, remove := overLimit(s, w)
	needed, account, err := r.needed(ctx, s, w, keep)
	if err != nil {
		return err
	}
	var errs []error
	for _, hash := range remove {
		var revision appsv1.ControllerRevision
		key := client.ObjectKey{Namespace: s.Namespace, Name: components.ReleaseName(s.Name, hash)}
		if err := r.Get(ctx, key, &revision); client.IgnoreNotFound(err) != nil {
			errs = append(errs, fmt.Errorf("reading release %s: %w", hash, err))
		} else if err == nil && metav1.IsControlledBy(&revision, s) {
			errs = append(errs, r.apply.Delete(ctx, &revision))
		}
	}
	errs = append(errs, r.pruneConfigMaps(ctx, s, needed))
	if !account {
		errs = append(errs, accounts.Remove(ctx, r.Client, &r.apply, s))
	}
	return errors.Join(errs...)
}

// needed are the ConfigMaps that spec and some stored releases need, and whether one of these
// needs the account that the operator makes.
func (r *Reconciler) needed(ctx context.Context, s *v1alpha1.Superset, w *observed, hashes []string) (configMaps map[string]bool, account bool, err error) {
	configMaps = map[string]bool{render.ScriptsName(s.Name): true}
	for _, name := range w.mounts {
		configMaps[name] = true
	}
	for _, hash := range hashes {
		n := w.known[hash].needs
		if n.config == "" {
			release, err := r.load(ctx, s, w, hash)
			if err != nil {
				return nil, false, err
			}
			n = needsOf(release)
		}
		configMaps[n.config], account = true, account || n.account == s.Name
	}
	return configMaps, account, nil
}

// overLimit divides the stored releases into those to keep and those to remove: over the
// history limit and not in use.
func overLimit(s *v1alpha1.Superset, w *observed) (keep, remove []string) {
	for _, stored := range w.Stored { // the newest first
		if len(keep) < historyLimit(s) || inUse(s, w, stored.Hash) {
			keep = append(keep, stored.Hash)
		} else {
			remove = append(remove, stored.Hash)
		}
	}
	return keep, remove
}

func (r *Reconciler) pruneConfigMaps(ctx context.Context, s *v1alpha1.Superset, needed map[string]bool) error {
	list := watch.MetadataList("ConfigMap")
	if err := r.List(ctx, list, watch.OfInstance(s.Namespace, s.Name)); err != nil {
		return fmt.Errorf("listing the ConfigMaps: %w", err)
	}
	var errs []error
	for i := range list.Items {
		if cm := &list.Items[i]; metav1.IsControlledBy(cm, s) && !needed[cm.Name] {
			errs = append(errs, r.apply.Delete(ctx, cm))
		}
	}
	return errors.Join(errs...)
}

// inUse is true for a release that runs, that a run started from or upgrades to, or that a
// rollback needs.
func inUse(s *v1alpha1.Superset, w *observed, hash string) bool {
	if hash == w.Desired.Hash || slices.Contains(started(s, w), hash) {
		return true
	}
	u := s.Status.Upgrade
	return u != nil && (hash == u.ToRelease || hash == u.HeldRelease)
}

// started are the releases that were stored before anything could run or return to them;
// some are empty. The target of a run that has failed early was never stored.
func started(s *v1alpha1.Superset, w *observed) []string {
	used := []string{s.Status.Release, s.Status.PreviousRelease}
	for i := range w.Tiers {
		used = append(used, w.Tiers[i].Release)
	}
	if u := s.Status.Upgrade; u != nil {
		used = append(used, u.FromRelease, u.RollbackRelease)
		if u.Rollback != nil {
			used = append(used, u.Rollback.Release)
		}
	}
	return used
}

// anyMissing is true while a release that is in use is not stored.
func anyMissing(s *v1alpha1.Superset, w *observed) bool {
	return slices.ContainsFunc(started(s, w), func(hash string) bool {
		return hash != "" && w.StoredRelease(hash).Hash == ""
	})
}

func historyLimit(s *v1alpha1.Superset) int {
	if s.Spec.HistoryLimit == nil {
		return 10
	}
	return int(*s.Spec.HistoryLimit)
}
