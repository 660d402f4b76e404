// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/memo"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// DefaultInterval is how often the Secrets of a Superset are read.
const DefaultInterval = 5 * time.Minute

// seen is what was last read of the Secrets of a Superset.
type seen struct {
	// versions has a hash of uid and resourceVersion of each Secret that could be read, by name.
	versions map[string]string
	// failed says which could not be read, and what to do; empty for none.
	failed string
	at     time.Time
}

// Reader reads the metadata of Secrets. It is safe for concurrent use.
type Reader struct {
	// Live reads from the API server. It must not be a cache: that would need the verbs list and
	// watch, which cannot be limited to names, and would keep the content.
	Live client.Reader
	// Interval is how often the Secrets of a Superset are read; 0 for DefaultInterval.
	Interval time.Duration

	memo memo.Memo[seen]
}

// Observe finds out which Secrets of a Superset have changed, and when to ask again, from now; 0 for
// never. A change waits while the phase is not Ready: a run goes on with what it began with, and what
// has failed or was rolled back is not tried again because somebody writes a Secret.
func (r *Reader) Observe(ctx context.Context, s *v1alpha1.Superset, now time.Time) (state.Secrets, time.Duration) {
	last, again := r.last(ctx, s, now)
	waits := s.Status.Phase != v1alpha1.PhaseReady
	known, changed := next(s.Status.RefreshSecrets, s.Spec.RefreshSecrets, last.versions, waits)
	return state.Secrets{Known: known, Changed: strings.Join(changed, ", "), Waits: waits && len(changed) > 0, NotRead: last.failed}, again
}

// Forget drops what was read of a Superset that does not exist any more.
func (r *Reader) Forget(key client.ObjectKey) { r.memo.Forget(key) }

// last is what is read of the Secrets of a Superset, and when to ask again, from now; 0 for never.
// It reads when the interval has passed, or for other names than before. No failure of a read is an
// error: what runs, and an upgrade, do not depend on it.
func (r *Reader) last(ctx context.Context, s *v1alpha1.Superset, now time.Time) (seen, time.Duration) {
	if len(s.Spec.RefreshSecrets) == 0 {
		return seen{}, 0
	}
	interval := r.Interval
	if interval <= 0 {
		interval = DefaultInterval
	}
	key, of := client.ObjectKeyFromObject(s), fmt.Sprint(s.UID, s.Spec.RefreshSecrets)
	is, known := r.memo.Get(key, of)
	if passed := now.Sub(is.at); known && passed >= 0 && passed < interval {
		return is, interval - passed
	}
	is = r.read(ctx, s)
	is.at = now
	r.memo.Set(key, of, is)
	return is, interval
}

func (r *Reader) read(ctx context.Context, s *v1alpha1.Superset) seen {
	out := seen{versions: map[string]string{}}
	var missing, others []string
	var forbidden error
	for _, name := range slices.Sorted(slices.Values(s.Spec.RefreshSecrets)) {
		secret := &metav1.PartialObjectMetadata{}
		secret.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
		switch err := r.Live.Get(ctx, types.NamespacedName{Namespace: s.Namespace, Name: string(name)}, secret); {
		case apierrors.IsForbidden(err):
			forbidden = err
		case apierrors.IsNotFound(err):
			missing = append(missing, string(name))
		case err != nil:
			others = append(others, fmt.Sprintf("reading Secret %s: %v", name, err))
		default:
			// An annotation may have the content, as that of kubectl apply has: nothing else is kept.
			out.versions[string(name)] = components.Hash(string(secret.UID) + "/" + secret.ResourceVersion)
		}
	}
	if len(missing) > 0 {
		others = append(others, fmt.Sprintf("Secret %s does not exist: create it, or remove it from spec.refreshSecrets", strings.Join(missing, ", ")))
	}
	if forbidden != nil {
		others = append(others, grant(s, forbidden))
	}
	out.failed = strings.Join(others, "; ")
	return out
}
