// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/controller/report"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
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
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get;list;watch;create
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=serviceaccounts,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=events,verbs=list
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// SetupWithManager registers the controller and its watches.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, concurrency int) error {
	owned := func(urgent watch.IsUrgent) handler.EventHandler {
		return watch.OwnersGathered(mgr, &v1alpha1.Superset{}, urgent)
	}
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.Superset{}, builder.WithPredicates(watch.SupersetChanged())).
		Watches(&v1alpha1.SupersetWebWorker{}, owned(watch.UrgentChild), builder.WithPredicates(watch.ChildChanged())).
		Watches(&v1alpha1.SupersetAsyncWorker{}, owned(watch.UrgentChild), builder.WithPredicates(watch.ChildChanged())).
		Watches(&v1alpha1.SupersetAsyncScheduler{}, owned(watch.UrgentChild), builder.WithPredicates(watch.ChildChanged())).
		Watches(&batchv1.Job{}, owned(watch.UrgentJob), builder.WithPredicates(watch.JobChanged())).
		Owns(&corev1.Service{}).
		Owns(&corev1.ServiceAccount{}).
		Owns(&appsv1.Deployment{}, builder.WithPredicates(watch.DeploymentChanged())). // the maintenance page and the exporters; components own theirs
		Owns(&corev1.ConfigMap{}, builder.OnlyMetadata).
		Owns(&appsv1.ControllerRevision{}).
		Watches(&corev1.Pod{}, watch.InstanceGathered(watch.UrgentPod), builder.WithPredicates(watch.PodChanged())).
		WatchesMetadata(&corev1.PersistentVolumeClaim{}, handler.EnqueueRequestsFromMapFunc(watch.ClaimToInstance), builder.WithPredicates(watch.ClaimChanged())).
		Watches(&v1alpha1.Superset{}, r.slots.Freed()).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, RateLimiter: apply.RateLimiter()}).
		Named("superset").
		Complete(r)
}

// Reconcile observes, decides, and then either moves or works. It ends with at most one
// write of the status.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	s := &v1alpha1.Superset{}
	if err := r.Get(ctx, req.NamespacedName, s); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if s.DeletionTimestamp != nil {
		return ctrl.Result{}, nil // the garbage collector does the rest
	}
	if !r.showsLastStatus(s) {
		return ctrl.Result{}, nil // the event of the patch follows
	}
	w, err := r.observeFresh(ctx, s)
	if err != nil {
		return r.fail(ctx, s, client.IgnoreNotFound(err))
	}
	d, err := r.decide(ctx, s, w)
	if err != nil {
		return r.fail(ctx, s, err)
	}
	r.slots.Note(s, d.Slot)
	logf.FromContext(ctx).V(1).Info("decided", "phase", s.Status.Phase, "event", d.Move.Event, "reason", d.Reason, "message", d.Message)
	result, err := r.act(ctx, s, w, &d)
	if err != nil || d.Kind == lifecycle.KindMove {
		return result, err
	}
	return r.monitor(ctx, s, w, result)
}

// forget drops what is remembered of a Superset that was deleted.
func (r *Reconciler) forget(key client.ObjectKey) {
	r.slots.Forget(key)
	r.renderings.Forget(key)
	r.stored.Forget(key)
	r.Secrets.Forget(key)
	r.look.Forget(key)
}

// act moves or works, and records the decision.
func (r *Reconciler) act(ctx context.Context, s *v1alpha1.Superset, w *observed, d *lifecycle.Decision) (ctrl.Result, error) {
	failed, reported := error(nil), true
	if d.Kind != lifecycle.KindMove {
		failed, reported = r.work(ctx, s, w, d)
	}
	if !reported {
		return apply.Requeue(failed)
	}
	if err := r.record(ctx, s, w, d); err != nil {
		return apply.Requeue(client.IgnoreNotFound(err))
	}
	if failed != nil {
		return apply.Requeue(failed)
	}
	r.failures.Succeeded(s.UID)
	return ctrl.Result{RequeueAfter: sooner(d.Recheck, w.recheck)}, nil
}

// work carries out the work of a decision. What is in the way turns the decision into a wait:
// what needs manual intervention at once, and any other error when it lasts. The error is of
// the second kind. reported is false while the decision is not that wait yet.
func (r *Reconciler) work(ctx context.Context, s *v1alpha1.Superset, w *observed, d *lifecycle.Decision) (failed error, reported bool) {
	blocked, failed := r.execute(ctx, s, w, &d.Work)
	if apierrors.IsConflict(failed) {
		return failed, false // nothing is recorded of a decision on a stale cache
	}
	reason, message, isRejected := rejected(blocked)
	if isRejected {
		d.Kind, d.Reason, d.Message, d.Recheck = lifecycle.KindWait, reason, message, apply.RejectedRecheck
	}
	if failed == nil {
		return nil, true
	}
	text := r.failures.Failed(s.UID, r.Now(), failed)
	if text != "" {
		d.Kind, d.Reason, d.Message = lifecycle.KindWait, v1alpha1.ReasonReconcileError, text
		if isRejected {
			d.Message += "; and " + message
		}
	}
	return failed, isRejected || text != ""
}

// fail ends a reconcile that has decided nothing. Once the error lasts it is reported in the
// conditions; the rest of the status stays. nil is a Superset that has gone meanwhile.
func (r *Reconciler) fail(ctx context.Context, s *v1alpha1.Superset, err error) (ctrl.Result, error) {
	if err == nil {
		return ctrl.Result{}, nil
	}
	text := r.failures.Failed(s.UID, r.Now(), err)
	if text == "" {
		return apply.Requeue(err)
	}
	before := s.DeepCopy()
	report.SetError(&s.Status, s, r.Now(), text)
	if equality.Semantic.DeepEqual(before.Status, s.Status) {
		return apply.Requeue(err)
	}
	if patched := apply.Status(ctx, r.Client, s, before); patched == nil {
		r.written.Add(s.UID, s.ResourceVersion)
	}
	return apply.Requeue(err)
}
