// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"errors"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Errors that need manual intervention are rejections; transient errors are not.
func TestRejected(t *testing.T) {
	res := schema.GroupResource{Group: "batch", Resource: "jobs"}
	terminating := apierrors.NewForbidden(res, "j", errors.New("the namespace is being terminated"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	cases := map[string]struct {
		err    error
		reason string
	}{
		"none":        {nil, ""},
		"foreign":     {&ConflictError{Kind: "Job", Namespace: "ns", Name: "j"}, "NameConflict"},
		"invalid":     {apierrors.NewInvalid(schema.GroupKind{Kind: "Job"}, "j", nil), "Blocked"},
		"quota":       {apierrors.NewForbidden(res, "j", errors.New("exceeded quota")), "Blocked"},
		"terminating": {terminating, ""},
		"conflict":    {apierrors.NewConflict(res, "j", errors.New("x")), ""},
		"server":      {apierrors.NewGenericServerResponse(http.StatusServiceUnavailable, "get", res, "j", "x", 0, true), ""},
		"other":       {errors.New("x"), ""},
	}
	for name, c := range cases {
		reason, message, rejected := Rejected(c.err)
		if reason != c.reason || rejected != (c.reason != "") || (message != "") != rejected {
			t.Errorf("%s: %q: %q, rejected %v; want reason %q", name, reason, message, rejected, c.reason)
		}
	}
}

// An object whose obstacle has gone goes on within half a minute, however long it was there.
func TestRetryAfterErrors(t *testing.T) {
	limiter, object, last := RateLimiter(), reconcile.Request{NamespacedName: types.NamespacedName{Name: "bi"}}, time.Duration(0)
	for i := range 100 {
		delay := limiter.When(object)
		if delay < last || delay > RejectedRecheck || i == 0 && delay > 10*time.Millisecond {
			t.Fatalf("retry %d after %s, the one before after %s", i, delay, last)
		}
		last = delay
	}
	if last != RejectedRecheck {
		t.Errorf("the last retry comes after %s", last)
	}
}
