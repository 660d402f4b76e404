// SPDX-License-Identifier: Apache-2.0

package stale

import (
	"context"
	"fmt"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
)

// pageSize is how many objects one request of the first look reads, at most.
const pageSize = 500

// kind is a kind that decisions about a Superset depend on.
type kind struct {
	schema.GroupVersionKind
	// cached is an empty list of what the cache has of it.
	cached client.ObjectList
}

// supersets is the kind whose objects are the instances themselves.
const supersets = "Superset"

// kinds are the Supersets, and what the operator makes for them.
func kinds() []kind {
	own, apps := v1alpha1.GroupVersion, appsv1.SchemeGroupVersion
	return []kind{
		{own.WithKind(supersets), &v1alpha1.SupersetList{}},
		{own.WithKind("SupersetWebWorker"), &v1alpha1.SupersetWebWorkerList{}},
		{own.WithKind("SupersetAsyncWorker"), &v1alpha1.SupersetAsyncWorkerList{}},
		{own.WithKind("SupersetAsyncScheduler"), &v1alpha1.SupersetAsyncSchedulerList{}},
		{batchv1.SchemeGroupVersion.WithKind("Job"), &batchv1.JobList{}},
		{corev1.SchemeGroupVersion.WithKind("Pod"), &corev1.PodList{}},
		{apps.WithKind("Deployment"), &appsv1.DeploymentList{}},
		{corev1.SchemeGroupVersion.WithKind("Service"), &corev1.ServiceList{}},
		{corev1.SchemeGroupVersion.WithKind("ServiceAccount"), &corev1.ServiceAccountList{}},
		{corev1.SchemeGroupVersion.WithKind("ConfigMap"), watch.MetadataList("ConfigMap")},
		{apps.WithKind("ControllerRevision"), &appsv1.ControllerRevisionList{}},
	}
}

// Look is the first look of a process at the API server: each kind is read once, its metadata
// alone, in all namespaces that the process serves. It is the measure for the caches of a new
// process, which begin with lists that may be old, each kind from another time. A decision on
// such a mixture can be wrong in ways that nothing shows. Once a cache has shown a Superset
// and all that it owns, it only goes forward.
type Look struct {
	live, cache client.Reader
	namespaces  []string

	// mu is held while the API server is read for all, and while a map is used.
	mu sync.Mutex
	// seen is what was read of each kind; nil before.
	seen map[string]*seen
	// shown has the uids of the Supersets that the cache has shown.
	shown map[client.ObjectKey]types.UID
}

// seen is what was read of one kind.
type seen struct {
	// versions are the resource versions of the lists, by namespace; "" for all namespaces.
	versions map[string]string
	// of has the objects of each instance that has not been shown yet, as versions by uid.
	of map[client.ObjectKey]map[types.UID]string
}

// NewLook returns a look that nothing was read for yet. Without namespaces, all are served.
func NewLook(cache, live client.Reader, namespaces []string) *Look {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	return &Look{live: live, cache: cache, namespaces: namespaces, shown: map[client.ObjectKey]types.UID{}}
}

// Check is a conflict until the cache has once shown a Superset, which was read from it, and
// everything that it owns at least as new as the first look. What it does not show may have
// been deleted since, so the API server is asked again for that kind of that Superset alone.
func (l *Look) Check(ctx context.Context, s *v1alpha1.Superset) error {
	key := client.ObjectKeyFromObject(s)
	if done, err := l.begin(ctx, key, s.UID); done || err != nil {
		return err
	}
	for _, k := range kinds() {
		if err := l.checkKind(ctx, k, s); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shown[key] = s.UID
	for _, kind := range l.seen {
		delete(kind.of, key)
	}
	return nil
}

// Forget drops a Superset that was deleted.
func (l *Look) Forget(key client.ObjectKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.shown, key)
}

// begin reads the API server if nothing has been read yet. done is true for a Superset that was
// shown before.
func (l *Look) begin(ctx context.Context, key client.ObjectKey, uid types.UID) (done bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if shown, ok := l.shown[key]; ok && shown == uid {
		return true, nil
	}
	if l.seen != nil {
		return false, nil
	}
	all := map[string]*seen{}
	for _, k := range kinds() {
		all[k.Kind] = &seen{versions: map[string]string{}, of: map[client.ObjectKey]map[types.UID]string{}}
		for _, namespace := range l.namespaces {
			if err := l.read(ctx, k, namespace, all[k.Kind]); err != nil {
				return false, err
			}
		}
	}
	l.seen = all
	return false, nil
}

// read reads a kind in a namespace, page by page: all pages are of the state of the first one.
func (l *Look) read(ctx context.Context, k kind, namespace string, into *seen) error {
	options := []client.ListOption{client.InNamespace(namespace), client.Limit(pageSize)}
	if k.Kind != supersets {
		options = append(options, client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy})
	}
	for next := ""; ; {
		page := k.list()
		if err := l.live.List(ctx, page, append(options, client.Continue(next))...); err != nil {
			return fmt.Errorf("reading every %s from the API server: %w", k.Kind, err)
		}
		into.versions[namespace] = page.ResourceVersion
		for i := range page.Items {
			into.add(k, &page.Items[i])
		}
		if next = page.Continue; next == "" {
			return nil
		}
	}
}

// list is an empty list of the metadata of a kind.
func (k kind) list() *metav1.PartialObjectMetadataList {
	out := &metav1.PartialObjectMetadataList{}
	out.SetGroupVersionKind(k.GroupVersion().WithKind(k.Kind + "List"))
	return out
}

func (s *seen) add(k kind, obj *metav1.PartialObjectMetadata) {
	instance := obj.Labels[v1alpha1.LabelInstance]
	if k.Kind == supersets {
		instance = obj.Name
	}
	key := client.ObjectKey{Namespace: obj.Namespace, Name: instance}
	if s.of[key] == nil {
		s.of[key] = map[types.UID]string{}
	}
	s.of[key][obj.UID] = obj.ResourceVersion
}

// checkKind is a conflict while the cache lacks an object of a kind, or has an older one, or
// one that is deleted.
func (l *Look) checkKind(ctx context.Context, k kind, s *v1alpha1.Superset) error {
	shown, err := l.cached(ctx, k, s)
	if err != nil {
		return err
	}
	if want, version := l.first(k, s); !isBehind(shown, want, version) {
		return nil
	}
	want, version, err := l.again(ctx, k, s)
	if err != nil {
		return fmt.Errorf("reading a %s from the API server: %w", k.Kind, err)
	}
	if isBehind(shown, want, version) {
		return apierrors.NewConflict(schema.GroupResource{Group: k.Group, Resource: k.Kind}, s.Name, Err)
	}
	return nil
}

// cached are the versions that the cache shows of a kind, by uid.
func (l *Look) cached(ctx context.Context, k kind, s *v1alpha1.Superset) (map[types.UID]string, error) {
	if k.Kind == supersets {
		return map[types.UID]string{s.UID: s.ResourceVersion}, nil
	}
	if err := l.cache.List(ctx, k.cached, watch.OfInstance(s.Namespace, s.Name), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("reading a %T: %w", k.cached, err)
	}
	out := map[types.UID]string{}
	err := meta.EachListItem(k.cached, func(item runtime.Object) error {
		obj := item.(client.Object)
		out[obj.GetUID()] = obj.GetResourceVersion()
		return nil
	})
	return out, err
}

// first is what the first look has seen of a kind of a Superset, and its resource version.
func (l *Look) first(k kind, s *v1alpha1.Superset) (want map[types.UID]string, version string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.seen[k.Kind]
	version, ok := all.versions[s.Namespace]
	if !ok {
		version = all.versions[metav1.NamespaceAll]
	}
	return all.of[client.ObjectKeyFromObject(s)], version
}

// again reads a kind of one Superset from the API server.
func (l *Look) again(ctx context.Context, k kind, s *v1alpha1.Superset) (want map[types.UID]string, version string, err error) {
	if k.Kind == supersets {
		one := &metav1.PartialObjectMetadata{}
		one.SetGroupVersionKind(k.GroupVersionKind)
		err = l.live.Get(ctx, client.ObjectKeyFromObject(s), one)
		return map[types.UID]string{one.UID: one.ResourceVersion}, one.ResourceVersion, err
	}
	list := k.list()
	err = l.live.List(ctx, list, client.InNamespace(s.Namespace), client.MatchingLabels(components.Labels(s.Name)))
	want = map[types.UID]string{}
	for i := range list.Items {
		want[list.Items[i].UID] = list.Items[i].ResourceVersion
	}
	return want, list.ResourceVersion, err
}

// isBehind is true while a cache lacks one of the wanted objects, has an older one, or has one
// that does not exist in the state of a resource version.
func isBehind(shown, want map[types.UID]string, version string) bool {
	for uid, least := range want {
		if have, ok := shown[uid]; !ok || Older(have, least) {
			return true
		}
	}
	for uid, have := range shown {
		if _, ok := want[uid]; !ok && !Older(version, have) {
			return true // deleted, and not created since
		}
	}
	return false
}
