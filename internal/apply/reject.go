// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// RejectedRecheck is the interval after which a rejected write is retried. No watch
// reports that a foreign object was deleted or that a quota was raised.
const RejectedRecheck = 30 * time.Second

// BlockedError reports what an object needs and does not have, such as a claim that a Job
// mounts. It is a sentence that says what to do.
type BlockedError string

func (e BlockedError) Error() string { return string(e) }

// Rejected is true for an error that needs manual intervention: a name conflict with a
// foreign object, something that an object needs and does not have, or an object that the
// API server rejects as invalid or forbidden. reason
// and message are for a condition. Other errors are transient.
func Rejected(err error) (reason, message string, rejected bool) {
	var conflict *ConflictError
	var blocked BlockedError
	switch {
	case errors.As(err, &conflict):
		return v1alpha1.ReasonNameConflict, conflict.Error(), true
	case errors.As(err, &blocked):
		return v1alpha1.ReasonBlocked, blocked.Error(), true
	case apierrors.IsInvalid(err), apierrors.IsForbidden(err) && !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return v1alpha1.ReasonBlocked, fmt.Sprintf("the API server rejects the object: %v", err), true
	default:
		return "", "", false
	}
}

// firstRetry is the delay before the first retry after an error; each further one takes twice
// as long.
const firstRetry = 5 * time.Millisecond

// RateLimiter delays the retries of a controller after errors: by at most RejectedRecheck, so
// that an object goes on soon after its obstacle has gone, however long it was there.
func RateLimiter() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, RejectedRecheck)
}

// conflictRecheck is the delay after a conflict, in which the cache can catch up.
const conflictRecheck = 100 * time.Millisecond

// Requeue is the result of a reconcile that ended with err. A conflict means that the
// cache was stale: the object is reconciled again, without an error.
func Requeue(err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: conflictRecheck}, nil
	}
	return ctrl.Result{}, err
}
