// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// What a person must mend is said; what passes by itself is tried again.
func TestHindrance(t *testing.T) {
	res := schema.GroupResource{Group: "batch", Resource: "jobs"}
	terminating := apierrors.NewForbidden(res, "j", errors.New("the namespace is going"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	cases := map[string]struct {
		err    error
		reason string
	}{
		"none":        {nil, ""},
		"foreign":     {&apply.ConflictError{Kind: "Job", Namespace: "ns", Name: "j"}, "NameConflict"},
		"invalid":     {apierrors.NewInvalid(schema.GroupKind{Kind: "Job"}, "j", nil), "Blocked"},
		"quota":       {apierrors.NewForbidden(res, "j", errors.New("exceeded quota")), "Blocked"},
		"terminating": {terminating, ""},
		"conflict":    {apierrors.NewConflict(res, "j", errors.New("x")), ""},
		"server":      {apierrors.NewGenericServerResponse(http.StatusServiceUnavailable, "get", res, "j", "x", 0, true), ""},
		"other":       {errors.New("x"), ""},
	}
	for name, c := range cases {
		d := &lifecycle.Decision{}
		err := hindrance(d, c.err)
		said := d.Reason != ""
		if d.Reason != c.reason || said != d.Waiting || said && (err != nil || d.Message == "" || d.Recheck != blockedRecheck) || !said && !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %+v; want reason %q", name, err, d, c.reason)
		}
	}
}
