// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"cmp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/controller/pins"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// stored is what is read of one version of a stored release.
type stored struct {
	version string
	release state.Release
	needs   needs
	// pins are what it has resolved.
	pins pins.Known
}

// needs is what the pods of a release need.
type needs struct {
	// config is the ConfigMap that they mount; empty if the release cannot be read.
	config string
	// account is the name of their ServiceAccount; empty for the account default.
	account string
}

func needsOf(r *components.Release) needs { return needs{r.ConfigMap, r.ServiceAccount} }

// storedReleases are the stored releases that a Superset controls, the newest revision first,
// and what is read of each, by hash. One that cannot be read is not in there; loading it reports
// why. Each version of a revision is decoded once.
func (r *Reconciler) storedReleases(s *v1alpha1.Superset, revisions []appsv1.ControllerRevision) (out []state.Release, byHash map[string]stored) {
	key, owner := client.ObjectKeyFromObject(s), string(s.UID)
	before, _ := r.stored.Get(key, owner)
	now, byHash := map[string]stored{}, map[string]stored{}
	for i := range revisions {
		rev := &revisions[i]
		if !metav1.IsControlledBy(rev, s) {
			continue
		}
		known, version := before[rev.Name], string(rev.UID)+"/"+rev.ResourceVersion
		if known.version != version {
			known = readStored(rev)
			known.version = version
		}
		now[rev.Name] = known
		out = append(out, known.release)
		if known.needs.config != "" {
			byHash[known.release.Hash] = known
		}
	}
	r.stored.Set(key, owner, now)
	slices.SortFunc(out, func(a, b state.Release) int { return cmp.Compare(b.Revision, a.Revision) })
	return out, byHash
}

// readStored decodes a stored release. What older operators did not write into annotations is
// read from the release itself.
func readStored(rev *appsv1.ControllerRevision) stored {
	r := state.Release{
		Hash:     rev.Labels[v1alpha1.LabelRelease],
		Wish:     rev.Annotations[annotationWish],
		Version:  rev.Annotations[annotationVersion],
		Revision: rev.Revision,
		PlanHash: rev.Annotations[annotationPlanHash],
		Head:     rev.Annotations[annotationHead],
		Key:      rev.Annotations[annotationKey],

		PreviousKey: rev.Annotations[annotationPrevious],
		Database:    rev.Annotations[annotationDatabase],
		KeyPrefix:   rev.Annotations[annotationKeyPrefix],
	}
	for tier, d := range components.Catalog {
		r.Has[tier] = slices.Contains(strings.Split(rev.Annotations[annotationTiers], ","), string(d.Name))
	}
	if release, err := components.ParseRelease(rev.Data.Raw); err == nil && r.Database == "" {
		r.Key, r.PreviousKey = refName(&release.Runtime.SecretKeyFrom), refName(release.PreviousSecretKey)
		r.Database = connections.DatabaseName(release.Runtime.Database.DatabaseConnection)
	}
	release, err := components.LoadRelease(r.Hash, rev.Data.Raw)
	if err != nil {
		return stored{release: r}
	}
	r.Unknown, r.Init = strings.Join(release.Unknown, ", "), release.Init
	return stored{release: r, needs: needsOf(release), pins: pins.Of(release)}
}
