// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// A release is stored as a ControllerRevision. What the machine needs of it
// stands in its metadata too, so that a look at what is stored parses nothing.
const (
	annotationPlan     = "superset-operator.dev/plan"
	annotationPlanHash = "superset-operator.dev/plan-hash"
	annotationVersion  = "superset-operator.dev/version"
	annotationTiers    = "superset-operator.dev/tiers"
	annotationHead     = "superset-operator.dev/schema-revision"
	annotationKey      = "superset-operator.dev/secret-key"
	annotationPrevious = "superset-operator.dev/previous-secret-key"
	annotationDatabase = "superset-operator.dev/database"
)

func releaseName(owner, hash string) string { return owner + "-" + hash }

// storedRelease renders the ControllerRevision of a release, with the plan of
// the run that leads to it.
func storedRelease(owner *v1alpha1.Superset, r *components.Release, fence int64, a lifecycle.Action) (*appsv1.ControllerRevision, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encoding a release: %w", err)
	}
	plan, err := json.Marshal(a.Plan)
	if err != nil {
		return nil, fmt.Errorf("encoding a plan: %w", err)
	}
	hash := r.Hash()
	labels := components.Labels(owner.Name)
	labels[v1alpha1.LabelRelease] = hash
	return &appsv1.ControllerRevision{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ControllerRevision"},
		ObjectMeta: metav1.ObjectMeta{
			Name: releaseName(owner.Name, hash), Namespace: owner.Namespace, Labels: labels,
			Annotations: map[string]string{
				annotationVersion: r.Runtime.Version, annotationTiers: tierNames(r),
				annotationPlan: string(plan), annotationPlanHash: a.PlanHash, annotationHead: a.Head,
				annotationKey: refName(&r.Runtime.SecretKeyFrom), annotationPrevious: refName(r.PreviousSecretKey),
				annotationDatabase: refName(&r.Runtime.Database.URIFrom),
			},
		},
		Data:     runtime.RawExtension{Raw: raw},
		Revision: fence,
	}, nil
}

// readReferences takes from a release itself what an operator that did not write it
// down beside it has stored. One that cannot be read has none; whoever loads it
// says why.
func readReferences(r *lifecycle.Release, raw []byte) {
	release, err := components.ParseRelease(raw)
	if err != nil {
		return
	}
	r.Key, r.PreviousKey = refName(&release.Runtime.SecretKeyFrom), refName(release.PreviousSecretKey)
	r.Database = refName(&release.Runtime.Database.URIFrom)
}

func tierNames(r *components.Release) string {
	var names []string
	for _, d := range components.Catalog {
		if _, ok := r.Tiers[d.Name]; ok {
			names = append(names, string(d.Name))
		}
	}
	return strings.Join(names, ",")
}

// facts are what the machine needs of the stored releases that owner controls,
// the newest revision first.
func facts(owner *v1alpha1.Superset, revisions []appsv1.ControllerRevision) []lifecycle.Release {
	var out []lifecycle.Release
	for i := range revisions {
		rev := &revisions[i]
		if !metav1.IsControlledBy(rev, owner) {
			continue
		}
		r := lifecycle.Release{
			Hash:     rev.Labels[v1alpha1.LabelRelease],
			Version:  rev.Annotations[annotationVersion],
			Revision: rev.Revision,
			Plan:     rev.Annotations[annotationPlanHash],
			Head:     rev.Annotations[annotationHead],
			Key:      rev.Annotations[annotationKey],

			PreviousKey: rev.Annotations[annotationPrevious],
			Database:    rev.Annotations[annotationDatabase],
		}
		if r.Database == "" {
			readReferences(&r, rev.Data.Raw)
		}
		for tier, d := range components.Catalog {
			r.Has[tier] = slices.Contains(strings.Split(rev.Annotations[annotationTiers], ","), string(d.Name))
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b lifecycle.Release) int { return cmp.Compare(b.Revision, a.Revision) })
	return out
}
