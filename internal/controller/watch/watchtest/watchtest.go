// SPDX-License-Identifier: Apache-2.0

// Package watchtest gives tests the caches of the operator, with their transforms and
// indexes, over a fake API server.
package watchtest

import (
	"context"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta/testrestmapper"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/superset-operator/superset-operator/internal/controller/watch"
)

// Builder builds a fake client with the kinds and indexes of the operator.
func Builder() *fake.ClientBuilder {
	b := fake.NewClientBuilder().WithScheme(watch.Scheme())
	for _, i := range watch.Indexes() {
		b = b.WithIndex(i.Of, i.Field, i.Values)
	}
	return b
}

// Client reads from real caches, and writes to the fake API server behind them.
type Client struct {
	client.WithWatch
	cache cache.Cache
	// Walked is how many objects the lists looked at since the client was made.
	Walked int
}

// New starts caches of the objects of server. It waits until they have them.
func New(t testing.TB, server client.WithWatch) *Client {
	t.Helper()
	scheme := watch.Scheme()
	options := watch.Cache(nil)
	options.Scheme, options.Mapper, options.HTTPClient = scheme, testrestmapper.TestOnlyStaticRESTMapper(scheme), http.DefaultClient
	options.ReaderFailOnMissingInformer = false // there is no controller that would start them
	options.NewInformer = func(_ toolscache.ListerWatcher, obj runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
		if _, whole := obj.(*corev1.ConfigMap); whole {
			t.Errorf("the cache holds the content of %T", obj)
		}
		return toolscache.NewSharedIndexInformer(lister(t, server, obj), obj, resync, indexers)
	}
	c, err := cache.New(&rest.Config{}, options)
	if err == nil {
		err = watch.AddIndexes(t.Context(), c)
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = c.Start(t.Context()) }()
	if !c.WaitForCacheSync(t.Context()) {
		t.Fatal("the caches do not start")
	}
	return &Client{WithWatch: server, cache: c}
}

// Get reads an object from the caches.
func (c *Client) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	return c.cache.Get(ctx, key, into, options...)
}

// List reads a list from the caches, and counts the objects that it looks at.
func (c *Client) List(ctx context.Context, into client.ObjectList, options ...client.ListOption) error {
	o := (&client.ListOptions{}).ApplyOptions(options)
	if o.LabelSelector == nil {
		o.LabelSelector = labels.Everything()
	}
	o.LabelSelector = counting{o.LabelSelector, c}
	return c.cache.List(ctx, into, o)
}

// counting counts the objects that a selector is asked for.
type counting struct {
	labels.Selector
	of *Client
}

func (s counting) Matches(l labels.Labels) bool {
	s.of.Walked++
	return s.Selector.Matches(l)
}

// lister lists and watches a kind of a fake API server.
func lister(t testing.TB, server client.WithWatch, of runtime.Object) toolscache.ListerWatcher {
	list := listOf(t, server, of)
	return fakes{&toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, _ metav1.ListOptions) (runtime.Object, error) {
			out := list.DeepCopyObject().(client.ObjectList)
			return out, server.List(ctx, out)
		},
		WatchFuncWithContext: func(ctx context.Context, _ metav1.ListOptions) (apiwatch.Interface, error) {
			return server.Watch(ctx, list.DeepCopyObject().(client.ObjectList))
		},
	}}
}

// fakes begins with a list: a fake API server has no watches that do.
type fakes struct{ *toolscache.ListWatch }

// IsWatchListSemanticsUnSupported is how client-go asks.
func (fakes) IsWatchListSemanticsUnSupported() bool { return true }

func listOf(t testing.TB, server client.Client, of runtime.Object) client.ObjectList {
	kind, err := apiutil.GVKForObject(of, server.Scheme())
	if err != nil {
		t.Fatal(err)
	}
	kind.Kind += "List"
	if _, is := of.(*metav1.PartialObjectMetadata); is {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(kind)
		return list
	}
	list, err := server.Scheme().New(kind)
	if err != nil {
		t.Fatal(err)
	}
	return list.(client.ObjectList)
}
