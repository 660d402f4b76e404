// SPDX-License-Identifier: Apache-2.0

package world

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestHead(t *testing.T) {
	for version, want := range map[string]string{
		"4.0.2": "17fcea065655", "4.1.4": "48cbb571fa3a", "5.0.0": "74ad1125881c", "6.0.0": "c233f5365c9e", "6.0.1": "c233f5365c9e",
		"6.1.0": "4b2a8c9d3e1f", "6.1.0-migrate-fails": "4b2a8c9d3e1f", "v6.0.0-acme.3": "c233f5365c9e", "7.0.0": "4b2a8c9d3e1f",
	} {
		if got, err := Head(version); err != nil || got != want {
			t.Errorf("Head(%q) = %q, %v; want %q", version, got, err, want)
		}
	}
	for _, version := range []string{"", "latest", "6.0", "6.x.0", "3.1.0"} {
		if got, err := Head(version); err == nil {
			t.Errorf("Head(%q) = %q; want an error", version, got)
		}
	}
}

// The data are consistent: the number of revisions between two releases is the
// difference of their totals.
func TestChainAgreesWithTotals(t *testing.T) {
	for i := 1; i < len(releases); i++ {
		from, to := releases[i-1], releases[i]
		pending, count, ok := to.pending(from.head)
		if want := to.total - from.total; !ok || count != want || len(pending) != want || pending[want-1] != to.head {
			t.Errorf("from %v to %v: %d revisions ending in %v, want %d ending in %s", from.version, to.version, count, pending, want, to.head)
		}
		if _, _, ok := from.pending(to.head); ok {
			t.Errorf("%v knows the head of %v", from.version, to.version)
		}
	}
}

func TestBehaviorOf(t *testing.T) {
	for _, test := range []struct {
		image, annotation string
		want              Behavior
	}{
		{"apache/superset:6.0.0", "", ""},
		{"apache/superset:6.0.0-migrate-fails", "", MigrateFails},
		{"registry.example:5000/superset:6.0.0-py311-verify-fails@sha256:0123", "", VerifyFails},
		{"registry.example:5000/superset", "", ""},
		{"apache/superset:6.0.0-migrate-fails", "migrate-hangs", MigrateHangs},
		{"apache/superset:6.0.0-migrate-fails", "none", "none"},
	} {
		pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Image: test.image}}}}
		if test.annotation != "" {
			pod.ObjectMeta = metav1.ObjectMeta{Annotations: map[string]string{AnnotationBehavior: test.annotation}}
		}
		if got := behaviorOf(pod); got != test.want {
			t.Errorf("%s with annotation %q: %q, want %q", test.image, test.annotation, got, test.want)
		}
	}
}

func TestReleaseFromVersionLabel(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{labelVersion: "5.0.0"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Image: "superset@sha256:0123"}}},
	}
	r, err := podRelease(pod)
	if err != nil || r.head != "74ad1125881c" {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestRealNodesAreIgnored(t *testing.T) {
	for node, want := range map[string]bool{"": false, "node-1": false, "kwok-node-1": true} {
		if got := simulated(&corev1.Pod{Spec: corev1.PodSpec{NodeName: node}}); got != want {
			t.Errorf("node %q: %t, want %t", node, got, want)
		}
	}
}

func TestPlaceKeys(t *testing.T) {
	for _, p := range []place{{"bi", ""}, {"bi", "db"}, {"bi", "db.with.dots"}} {
		if diff := cmp.Diff(p, parsePlace(p.String()), cmp.AllowUnexported(place{})); diff != "" {
			t.Error(diff)
		}
	}
}
