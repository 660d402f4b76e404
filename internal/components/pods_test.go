// SPDX-License-Identifier: Apache-2.0

package components

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// The labels of a pod do not make it ours: a ReplicaSet of the component's Deployment does.
func TestOwnsPod(t *testing.T) {
	yes := true
	for name, test := range map[string]struct {
		component        Name
		hash, kind, from string
		owns             bool
	}{
		"of the Deployment":                {Worker, "5d", "ReplicaSet", "bi-worker-5d", true},
		"left behind by its ReplicaSet":    {Worker, "5d", "", "", true},
		"of another component":             {Web, "5d", "ReplicaSet", "bi-web-5d", false},
		"a bare pod":                       {Worker, "", "", "", false},
		"of a Deployment of somebody else": {Worker, "5d", "ReplicaSet", "bi-worker-canary-5d", false},
		"of a Deployment without a hash":   {Worker, "", "ReplicaSet", "bi-worker-5d", false},
		"of a Job":                         {Worker, "5d", "Job", "bi-worker-5d", false},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelComponent: string(test.component)}}}
		if test.hash != "" {
			pod.Labels["pod-template-hash"] = test.hash
		}
		if test.kind != "" {
			pod.OwnerReferences = []metav1.OwnerReference{{Kind: test.kind, Name: test.from, Controller: &yes}}
		}
		if got := OwnsPod("bi", Worker, pod); got != test.owns {
			t.Errorf("%s: %v, want %v", name, got, test.owns)
		}
	}
}
