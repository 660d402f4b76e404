// SPDX-License-Identifier: Apache-2.0

package component

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
)

// +kubebuilder:rbac:groups=superset-operator.dev,resources=supersetwebworkers/status;supersetasyncworkers/status;supersetasyncschedulers/status,verbs=patch
// +kubebuilder:rbac:groups=superset-operator.dev,resources=supersetwebworkers/finalizers;supersetasyncworkers/finalizers;supersetasyncschedulers/finalizers,verbs=update
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch

// Reconciler keeps the Deployment of one component kind. It knows nothing of upgrades: it
// applies what a spec says, and answers in status what runs.
type Reconciler struct {
	client.Client
	// Descriptor says which component this is.
	Descriptor components.Descriptor
	// Platform is where the pods run.
	Platform components.Platform
	// Now is the clock.
	Now func() time.Time

	apply apply.Applier
	// failures are the errors that have not passed yet.
	failures apply.Failures
	// live reads from the API server, where the cache is known to be stale.
	live client.Reader
}

// New wires the reconciler of one component to a manager, a platform and a clock.
func New(mgr ctrl.Manager, d components.Descriptor, p components.Platform, clock func() time.Time) *Reconciler {
	return &Reconciler{
		Client:     mgr.GetClient(),
		Descriptor: d,
		Platform:   p,
		Now:        clock,
		apply:      apply.New(mgr.GetClient(), mgr.GetAPIReader()),
		live:       mgr.GetAPIReader(),
		failures:   apply.NewFailures(),
	}
}

// SetupWithManager registers the controller and its watches.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, concurrency int) error {
	mine := predicate.NewPredicateFuncs(func(obj client.Object) bool {
		return obj.GetLabels()[v1alpha1.LabelComponent] == string(r.Descriptor.Name)
	})
	kind := components.NewComponent(r.Descriptor.Name)
	return ctrl.NewControllerManagedBy(mgr).
		For(kind, builder.WithPredicates(watch.ComponentChanged())).
		Watches(&appsv1.Deployment{}, watch.OwnersGathered(mgr, kind, watch.UrgentDeployment), builder.WithPredicates(watch.DeploymentChanged())).
		Owns(&corev1.ConfigMap{}, builder.OnlyMetadata).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(watch.ToInstance), builder.WithPredicates(mine, watch.PodBlocked())).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, RateLimiter: apply.RateLimiter()}).
		Named(string(r.Descriptor.Name)).
		Complete(r)
}

// Reconcile makes the Deployment what spec says, and records what became of it.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	c := components.NewComponent(r.Descriptor.Name)
	if err := r.Get(ctx, req.NamespacedName, c); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if c.GetDeletionTimestamp() != nil {
		return ctrl.Result{}, nil
	}
	deployment, err := r.deployment(ctx, c)
	if err == nil && deployment != nil && components.FromLater(deployment, c) {
		err = r.live.Get(ctx, req.NamespacedName, c)
	}
	if err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	return r.settle(ctx, c, deployment)
}

// settle applies the objects of a component and records what became of them. An error is
// recorded once it lasts.
func (r *Reconciler) settle(ctx context.Context, c v1alpha1.Component, deployment *appsv1.Deployment) (ctrl.Result, error) {
	p, failed := r.build(ctx, c, deployment)
	if failed != nil {
		p.problem = r.failures.Failed(c.GetUID(), r.Now(), failed)
	}
	if failed != nil && p.problem == "" {
		return apply.Requeue(failed)
	}
	if err := r.answer(ctx, c, deployment, p); err != nil {
		return apply.Requeue(client.IgnoreNotFound(err))
	}
	if failed != nil {
		return apply.Requeue(failed)
	}
	r.failures.Succeeded(c.GetUID())
	return ctrl.Result{RequeueAfter: p.recheck}, nil
}

// progress is what became of the objects of a component.
type progress struct {
	// changed is true when one of them was changed.
	changed bool
	// problem is what a person must fix; empty for nothing.
	problem string
	// recheck is when to try again; 0 for when something changes.
	recheck time.Duration
}

// rejected turns an error that a person must fix into a problem; other errors are
// returned.
func rejected(changed bool, err error) (progress, error) {
	if err == nil {
		return progress{changed: changed}, nil
	}
	if _, message, is := apply.Rejected(err); is {
		return progress{problem: message, recheck: apply.RejectedRecheck}, nil
	}
	return progress{}, err
}

// build applies the objects of a component.
func (r *Reconciler) build(ctx context.Context, c v1alpha1.Component, live *appsv1.Deployment) (progress, error) {
	config, err := components.OwnConfig(c)
	if err != nil {
		return progress{problem: err.Error()}, nil //nolint:nilerr // the user fixes it; it is in status
	}
	var mounts []*corev1.ConfigMap
	if config != nil {
		mounts = append(mounts, config)
		if p, err := rejected(false, r.apply.Keep(ctx, c, config)); err != nil || p.problem != "" {
			return p, err
		}
	}
	deployment, err := components.Deployment(r.Descriptor, c, live, r.Platform)
	if err != nil {
		return progress{problem: err.Error()}, nil //nolint:nilerr // the user fixes it; it is in status
	}
	var before client.Object
	if live != nil {
		before = live
	}
	return rejected(r.apply.Apply(ctx, c, deployment, before, mounts...))
}

// answer records in status what became of the Deployment.
func (r *Reconciler) answer(ctx context.Context, c v1alpha1.Component, live *appsv1.Deployment, p progress) error {
	health, err := r.health(ctx, c, live, p)
	if err != nil {
		return err
	}
	return r.record(ctx, c, health)
}

// health judges the Deployment as it was before this reconcile: where it has just been
// changed, it is not settled, and its new rollout has not stalled.
func (r *Reconciler) health(ctx context.Context, c v1alpha1.Component, live *appsv1.Deployment, p progress) (components.Health, error) {
	var pods corev1.PodList
	if err := r.List(ctx, &pods, watch.OfInstance(c.GetNamespace(), c.GetName())); err != nil {
		return components.Health{}, fmt.Errorf("listing the pods: %w", err)
	}
	own := slices.DeleteFunc(components.Pointers(pods.Items), func(pod *corev1.Pod) bool {
		return !components.OwnsPod(c.GetName(), r.Descriptor.Name, pod)
	})
	h := components.HealthOf(live, own)
	h.Settled, h.Exceeded = h.Settled && !p.changed, h.Exceeded && !p.changed
	h.Blocked = cmp.Or(p.problem, h.Blocked)
	return h, nil
}

// deployment is the Deployment in the cache; nil for none, and for one that the component
// does not control: its pods are not those of the component.
func (r *Reconciler) deployment(ctx context.Context, c v1alpha1.Component) (*appsv1.Deployment, error) {
	d := &appsv1.Deployment{}
	name := components.DeploymentName(c.GetName(), r.Descriptor.Name)
	err := r.Get(ctx, client.ObjectKey{Namespace: c.GetNamespace(), Name: name}, d)
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("reading Deployment %s: %w", name, err)
	}
	if !metav1.IsControlledBy(d, c) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	return d, nil
}

// record writes the status, if it changes.
func (r *Reconciler) record(ctx context.Context, c v1alpha1.Component, h components.Health) error {
	status := statusOf(c, h, r.Descriptor.Name, r.Now())
	if status == nil || equality.Semantic.DeepEqual(*status, *c.ComponentStatus()) {
		return nil
	}
	before := c.DeepCopyObject().(client.Object)
	*c.ComponentStatus() = *status
	return apply.Status(ctx, r.Client, c.(client.Object), before)
}
