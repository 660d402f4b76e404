// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// +kubebuilder:rbac:groups=superset-operator.dev,resources=supersetwebworkers/status;supersetasyncworkers/status;supersetasyncschedulers/status,verbs=patch
// +kubebuilder:rbac:groups=superset-operator.dev,resources=supersetwebworkers/finalizers;supersetasyncworkers/finalizers;supersetasyncschedulers/finalizers,verbs=update
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch

// ComponentReconciler keeps the Deployment of one component kind. It knows
// nothing of upgrades: it makes what a spec says, and answers in status what is.
type ComponentReconciler struct {
	client.Client
	// Descriptor says which component this is.
	Descriptor components.Descriptor
	// Now is the clock.
	Now func() time.Time

	apply apply.Applier
	// direct reads past a cache that is known to lag.
	direct client.Reader
}

// NewComponentReconciler wires the reconciler of one component to a manager.
func NewComponentReconciler(mgr ctrl.Manager, d components.Descriptor) *ComponentReconciler {
	return &ComponentReconciler{
		Client:     mgr.GetClient(),
		Descriptor: d,
		Now:        clock,
		apply:      apply.New(mgr.GetClient(), mgr.GetAPIReader()),
		direct:     mgr.GetAPIReader(),
	}
}

// SetupWithManager registers the controller and its watches.
func (r *ComponentReconciler) SetupWithManager(mgr ctrl.Manager, concurrency int) error {
	mine := predicate.NewPredicateFuncs(func(obj client.Object) bool {
		return obj.GetLabels()[v1alpha1.LabelComponent] == string(r.Descriptor.Name)
	})
	return ctrl.NewControllerManagedBy(mgr).
		For(components.NewComponent(r.Descriptor.Name).(client.Object), builder.WithPredicates(ownChanged())).
		Owns(&appsv1.Deployment{}).
		Owns(&corev1.ConfigMap{}).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(toInstance), builder.WithPredicates(mine, podChanged())).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Named(string(r.Descriptor.Name)).
		Complete(r)
}

// Reconcile makes the Deployment what spec says and writes what became of it.
func (r *ComponentReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	c := components.NewComponent(r.Descriptor.Name)
	if err := r.Get(ctx, req.NamespacedName, c); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if c.GetDeletionTimestamp() != nil {
		return ctrl.Result{}, nil
	}
	live, err := r.live(ctx, c)
	if err == nil && live != nil && components.FromLater(live, c) {
		err = r.direct.Get(ctx, req.NamespacedName, c)
	}
	if err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	problem := &lifecycle.Decision{}
	changed, err := r.build(ctx, c, live, problem)
	if err != nil {
		return again(err)
	}
	if err := r.tell(ctx, c, live, changed, problem.Message); err != nil {
		return again(client.IgnoreNotFound(err))
	}
	return ctrl.Result{RequeueAfter: problem.Recheck}, nil
}

// tell writes what became of a component: of its Deployment as it was before this
// look, which counts for nothing where it has just been changed.
func (r *ComponentReconciler) tell(ctx context.Context, c v1alpha1.Component, live *appsv1.Deployment, changed bool, problem string) error {
	pods, err := r.pods(ctx, c)
	if err != nil {
		return err
	}
	health := components.HealthOf(live, pods)
	health.Settled = health.Settled && !changed
	if problem != "" {
		health.Blocked = problem
	}
	return r.answer(ctx, c, health)
}

// build applies what the component consists of; changed is true when the
// cluster had something else. What a person must mend comes back in problem, other
// errors as such.
func (r *ComponentReconciler) build(ctx context.Context, c v1alpha1.Component, live *appsv1.Deployment, problem *lifecycle.Decision) (changed bool, err error) {
	config, invalid := components.OwnConfig(c)
	if invalid != nil {
		problem.Message = invalid.Error()
		return false, nil //nolint:nilerr // the user mends it; it is said in status
	}
	if config != nil {
		err := r.Get(ctx, client.ObjectKeyFromObject(config), &corev1.ConfigMap{})
		if apierrors.IsNotFound(err) {
			err = r.apply.Create(ctx, c, config)
		}
		if err := hindrance(problem, err); err != nil || problem.Message != "" {
			return false, err
		}
	}
	deployment, invalid := components.Deployment(r.Descriptor, c, live)
	if invalid != nil {
		problem.Message = invalid.Error()
		return false, nil //nolint:nilerr // the user mends it; it is said in status
	}
	var before client.Object
	if live != nil {
		before = live
	}
	changed, err = r.apply.Apply(ctx, c, deployment, before)
	return changed, hindrance(problem, err)
}

// live is the Deployment as the cache has it; nil for none.
func (r *ComponentReconciler) live(ctx context.Context, c v1alpha1.Component) (*appsv1.Deployment, error) {
	d := &appsv1.Deployment{}
	name := components.DeploymentName(c.GetName(), r.Descriptor.Name)
	err := r.Get(ctx, client.ObjectKey{Namespace: c.GetNamespace(), Name: name}, d)
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("reading Deployment %s: %w", name, err)
	}
	return d, nil
}

func (r *ComponentReconciler) pods(ctx context.Context, c v1alpha1.Component) ([]*corev1.Pod, error) {
	var list corev1.PodList
	selector := client.MatchingLabels(components.Selector(c.GetName(), r.Descriptor.Name))
	if err := r.List(ctx, &list, client.InNamespace(c.GetNamespace()), selector); err != nil {
		return nil, fmt.Errorf("listing the pods: %w", err)
	}
	return pointers(list.Items), nil
}

// answer writes status, if there is something new to say.
func (r *ComponentReconciler) answer(ctx context.Context, c v1alpha1.Component, h components.Health) error {
	status := componentStatus(c, h, r.Descriptor.Name, r.Now())
	if status == nil || equality.Semantic.DeepEqual(*status, *c.ComponentStatus()) {
		return nil
	}
	before := c.DeepCopyObject().(client.Object)
	*c.ComponentStatus() = *status
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Status().Patch(ctx, c.(client.Object), patch, fieldOwner); err != nil {
		return fmt.Errorf("recording the status: %w", err)
	}
	return nil
}
