// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"errors"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
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
