// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/lru"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// +kubebuilder:rbac:groups=superset-operator.dev,resources=supersets,verbs=get;list;watch
// +kubebuilder:rbac:groups=superset-operator.dev,resources=supersets/status,verbs=patch
// +kubebuilder:rbac:groups=superset-operator.dev,resources=supersets/finalizers,verbs=update
// +kubebuilder:rbac:groups=superset-operator.dev,resources=supersetwebworkers;supersetasyncworkers;supersetasyncschedulers,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch;create;delete
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=apps,resources=controllerrevisions,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch;create;delete
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=create
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// blockedRecheck is when to look again at something that no watch reports: a
// foreign object in the way, or a quota.
const blockedRecheck = 30 * time.Second

// conflictRecheck gives the cache the time to catch up with a write of ours.
const conflictRecheck = 100 * time.Millisecond

// SupersetReconciler carries one Superset through the upgrade machine.
type SupersetReconciler struct {
	client.Client
	// Events records what was persisted.
	Events events.EventRecorder
	// Now is the clock.
	Now func() time.Time

	apply    apply.Applier
	releases *lru.Cache
	// direct reads past a cache that is known to lag.
	direct client.Reader
	// made has the name of the Job that was made last, by the Superset's uid.
	made *lru.Cache
	// seen has the uids of the Supersets that the cache has once shown as they are.
	seen *lru.Cache
}

// NewSupersetReconciler wires a reconciler to a manager.
func NewSupersetReconciler(mgr ctrl.Manager) *SupersetReconciler {
	return &SupersetReconciler{
		Client:   mgr.GetClient(),
		Events:   mgr.GetEventRecorder("superset-operator"),
		Now:      clock,
		apply:    apply.New(mgr.GetClient(), mgr.GetAPIReader()),
		releases: lru.New(256),
		direct:   mgr.GetAPIReader(),
		made:     lru.New(4096),
		seen:     lru.New(4096),
	}
}

// SetupWithManager registers the controller and its watches.
func (r *SupersetReconciler) SetupWithManager(mgr ctrl.Manager, concurrency int) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.Superset{}, builder.WithPredicates(supersetChanged())).
		Owns(&v1alpha1.SupersetWebWorker{}, builder.WithPredicates(componentChanged())).
		Owns(&v1alpha1.SupersetAsyncWorker{}, builder.WithPredicates(componentChanged())).
		Owns(&v1alpha1.SupersetAsyncScheduler{}, builder.WithPredicates(componentChanged())).
		Owns(&batchv1.Job{}).
		Owns(&corev1.Service{}).
		Owns(&appsv1.Deployment{}). // the maintenance page; those of components are owned by them
		Owns(&corev1.ConfigMap{}).
		Owns(&appsv1.ControllerRevision{}).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(toInstance), builder.WithPredicates(podChanged())).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Named("superset").
		Complete(r)
}

// Reconcile observes, decides, and then either moves or works; it ends with at
// most one write of the status.
func (r *SupersetReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	s := &v1alpha1.Superset{}
	if err := r.Get(ctx, req.NamespacedName, s); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if s.DeletionTimestamp != nil {
		return ctrl.Result{}, nil // the garbage collector does the rest
	}
	w, err := r.look(ctx, s)
	if err != nil {
		return again(client.IgnoreNotFound(err))
	}
	d := lifecycle.Decide(&w.Observation)
	logf.FromContext(ctx).V(1).Info("decided", "phase", s.Status.Phase, "move", d.Move, "reason", d.Reason, "message", d.Message)
	if d.Move == "" {
		if err := hindrance(&d, r.execute(ctx, s, w, &d.Work)); err != nil {
			return again(err)
		}
	}
	if err := r.record(ctx, s, w, &d); err != nil {
		return again(client.IgnoreNotFound(err))
	}
	return ctrl.Result{RequeueAfter: d.Recheck}, nil
}

// again decides once more what was decided from an older state than the stored
// one; any other error is returned.
func again(err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: conflictRecheck}, nil
	}
	return ctrl.Result{}, err
}

// hindrance turns an error that a person must see into words of the decision:
// an object in the way, or one that the API server refuses. Other errors pass
// by themselves and are returned.
func hindrance(d *lifecycle.Decision, err error) error {
	var conflict *apply.ConflictError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &conflict):
		d.Reason, d.Message = v1alpha1.ReasonNameConflict, conflict.Error()
	case apierrors.IsInvalid(err), apierrors.IsForbidden(err) && !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		d.Reason, d.Message = v1alpha1.ReasonBlocked, fmt.Sprintf("the API server refuses it: %v", err)
	default:
		return err
	}
	d.Waiting, d.Recheck = true, blockedRecheck
	return nil
}
