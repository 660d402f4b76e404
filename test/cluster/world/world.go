// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// Options of a world.
type Options struct {
	// Log gets a line for every event; nil for silence.
	Log io.Writer
	// Delay is how long a Job's pod works; 200 ms by default.
	Delay time.Duration
	// Persist stores the revisions and backups in the ConfigMap "world" of
	// kube-system after each change, so that a restarted world has them.
	Persist bool
	// OnJob may decide how a Job's pod ends; nil, or a nil Outcome, leaves it to
	// the pod's behavior. A successful script changes the database or the backups
	// either way.
	OnJob func(pod *corev1.Pod) *Outcome
}

// World simulates Jobs and databases. Create one with [New].
type World struct {
	options   Options
	config    *rest.Config
	client    kubernetes.Interface
	pods      corelisters.PodLister
	secrets   corelisters.SecretLister
	databases databases

	mu   sync.Mutex
	jobs map[types.UID]*job
	// running counts the goroutines of jobs.
	running sync.WaitGroup
	logging sync.Mutex
	saving  sync.Mutex
}

// New creates a world for a cluster. It does nothing before Run.
func New(cfg *rest.Config, o Options) *World {
	if o.Delay == 0 {
		o.Delay = 200 * time.Millisecond
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	config := rest.CopyConfig(cfg)
	config.UserAgent, config.QPS = "superset-world", -1
	return &World{
		options: o, config: config, jobs: map[types.UID]*job{},
		databases: newDatabases(),
	}
}

// Run runs the simulation until the context ends, which is not an error. It also
// handles pods that wait when it begins.
func (w *World) Run(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(w.config)
	if err != nil {
		return fmt.Errorf("making the world's client: %w", err)
	}
	w.client = client
	if err := w.load(ctx); err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	w.pods, w.secrets = factory.Core().V1().Pods().Lister(), factory.Core().V1().Secrets().Lister()
	pods, secrets := factory.Core().V1().Pods().Informer(), factory.Core().V1().Secrets().Informer()
	// No pod may be decided on before all Secrets are known.
	if _, err := secrets.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { w.secretChanged(ctx, object) },
		UpdateFunc: func(_, object any) { w.secretChanged(ctx, object) },
	}); err != nil {
		return fmt.Errorf("watching Secrets: %w", err)
	}
	go secrets.Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), secrets.HasSynced) {
		return nil
	}
	if _, err := pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { w.podChanged(ctx, object) },
		UpdateFunc: func(_, object any) { w.podChanged(ctx, object) },
		DeleteFunc: w.podGone,
	}); err != nil {
		return fmt.Errorf("watching pods: %w", err)
	}
	claims := factory.Core().V1().PersistentVolumeClaims().Informer()
	if _, err := claims.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { w.claimChanged(ctx, object) },
	}); err != nil {
		return fmt.Errorf("watching claims: %w", err)
	}
	go claims.Run(ctx.Done())
	go pods.Run(ctx.Done())
	<-ctx.Done()
	w.running.Wait()
	return nil
}

// Revision of the database whose URI a Secret has; empty when it was never
// migrated. The database of pods without a Secret has the empty name.
func (w *World) Revision(namespace, secret string) string {
	return w.databases.schema(place{namespace, secret}).revision
}

// HalfChanged is true when the database's schema is partially migrated. Only a
// restore fixes it.
func (w *World) HalfChanged(namespace, secret string) bool {
	return w.databases.schema(place{namespace, secret}).half
}

// SetRevision sets the revision of a database, which is then not partially
// migrated; an empty revision empties it.
func (w *World) SetRevision(namespace, secret, revision string) {
	w.databases.setSchema(place{namespace, secret}, schema{revision: revision})
}

// Replace puts another database, with an identity and a revision, behind the URI of a
// Secret.
func (w *World) Replace(namespace, secret, identity, revision string) {
	w.SetRevision(namespace, secret, revision)
	w.databases.mu.Lock()
	defer w.databases.mu.Unlock()
	w.databases.identities[place{namespace, secret}] = identity
}

// SetCompany says who else uses a database and its broker.
func (w *World) SetCompany(namespace, secret string, c Company) {
	w.databases.mu.Lock()
	defer w.databases.mu.Unlock()
	w.databases.company[place{namespace, secret}] = c
}

// Migrations returns the counts of a database since the world was started.
func (w *World) Migrations(namespace, secret string) Count {
	return w.databases.count(place{namespace, secret})
}

// Release lets the hanging migrations of a namespace continue. Call it once
// Migrations has counted the intended one.
func (w *World) Release(namespace string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, j := range w.jobs {
		if j.namespace == namespace {
			j.release()
		}
	}
}

func (w *World) logf(format string, args ...any) {
	w.logging.Lock()
	defer w.logging.Unlock()
	_, _ = fmt.Fprintf(w.options.Log, "world: "+format+"\n", args...)
}

// complain logs an error, unless the world or the pod has just ended.
func (w *World) complain(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		w.logf("%v", err)
	}
}
