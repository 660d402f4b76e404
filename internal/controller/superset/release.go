// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
)

// A release is stored as a ControllerRevision. What the machine needs of it is also in its
// annotations, so that observing parses nothing.
const (
	annotationPlan     = "superset-operator.dev/plan"
	annotationPlanHash = "superset-operator.dev/plan-hash"
	annotationVersion  = "superset-operator.dev/version"
	annotationTiers    = "superset-operator.dev/tiers"
	annotationHead     = "superset-operator.dev/schema-revision"
	annotationKey      = "superset-operator.dev/secret-key"
	annotationPrevious = "superset-operator.dev/previous-secret-key"
	annotationDatabase = "superset-operator.dev/database"
	annotationWish     = "superset-operator.dev/wish"
	// annotationKeyPrefix is not set without a prefix.
	annotationKeyPrefix = "superset-operator.dev/key-prefix"
)

// storeRelease stores the desired release with its plan, and the config that its pods mount.
// A release that is stored already keeps its revision. One that was stored since the
// decision is left alone.
func (r *Reconciler) storeRelease(ctx context.Context, s *v1alpha1.Superset, w *observed, a actions.StoreRelease) error {
	if w.desired == nil {
		return nil
	}
	if err := r.apply.Keep(ctx, s, configOf(s, w.desired)); err != nil {
		return err
	}
	fence, before := s.Status.UpgradeRevision, client.Object(nil)
	for i := range w.revisions {
		if w.revisions[i].Name == components.ReleaseName(s.Name, w.Desired.Hash) {
			fence, before = w.revisions[i].Revision, &w.revisions[i]
		}
	}
	revision, err := revisionOf(s, w.desired, fence, a)
	if err != nil {
		return err
	}
	_, err = r.apply.Apply(ctx, s, revision, before)
	return err
}

// revisionOf renders the ControllerRevision of a release, with the plan of its run.
func revisionOf(owner *v1alpha1.Superset, r *components.Release, fence int64, a actions.StoreRelease) (*appsv1.ControllerRevision, error) {
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
	out := &appsv1.ControllerRevision{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ControllerRevision"},
		ObjectMeta: metav1.ObjectMeta{
			Name: components.ReleaseName(owner.Name, hash), Namespace: owner.Namespace, Labels: labels,
			Annotations: map[string]string{
				annotationVersion: r.Runtime.Version, annotationTiers: tierNames(r),
				annotationPlan: string(plan), annotationPlanHash: a.Hash, annotationHead: a.Head,
				annotationKey: refName(&r.Runtime.SecretKeyFrom), annotationPrevious: refName(r.PreviousSecretKey),
				annotationDatabase: connections.DatabaseName(r.Runtime.Database.DatabaseConnection),
				annotationWish:     components.WishOf(owner),
			},
		},
		Data:     runtime.RawExtension{Raw: raw},
		Revision: fence,
	}
	if prefix := keyPrefix(&r.Runtime); prefix != "" {
		out.Annotations[annotationKeyPrefix] = prefix
	}
	return out, nil
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

// keyPrefix is what the keys in Redis begin with; empty for nothing.
func keyPrefix(r *v1alpha1.RuntimeSpec) string {
	if r.Cache == nil {
		return ""
	}
	return r.Cache.KeyPrefix
}

// refName names a key of a Secret; empty for none.
func refName(ref *v1alpha1.SecretKeyReference) string {
	if ref == nil || ref.Name == "" {
		return ""
	}
	return ref.Name + "/" + ref.Key
}
