// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// deployOperator applies the manifests as they ship and waits for the pod.
func (c cluster) deployOperator(t *testing.T) {
	t.Helper()
	deployments := c.kubectl(t, "", "apply", "--kustomize=operator",
		`--output=jsonpath={range .items[?(@.kind=="Deployment")]}{.metadata.namespace}/{.metadata.name} {end}`)
	for _, deployment := range strings.Fields(deployments) {
		in, name, _ := strings.Cut(deployment, "/")
		c.available(t, in, name)
	}
	if deployments == "" {
		t.Fatal("config/default has no Deployment")
	}
}

func annotate(s *v1alpha1.Superset, name, value string) {
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	s.Annotations[name] = value
}

func (c cluster) patch(t *testing.T, change func(*v1alpha1.Superset)) {
	t.Helper()
	superset := c.superset(t)
	before := superset.DeepCopy()
	change(&superset)
	if err := c.Patch(t.Context(), &superset, client.MergeFrom(before)); err != nil {
		t.Fatalf("patching the Superset: %v", err)
	}
}

// waitForPhase waits for a resting phase at a version, and then requires that all
// pods behind the web Service have the image of that release. It fails at once in
// any other resting phase.
func (c cluster) waitForPhase(t *testing.T, phase v1alpha1.Phase, version string) {
	t.Helper()
	until(t, 15*time.Minute, fmt.Sprintf("phase %s at %s", phase, version), func(context.Context) (bool, string) {
		s := c.superset(t)
		state := fmt.Sprintf("phase %s, version %s, %s", s.Status.Phase, s.Status.Version, readyMessage(s))
		answered := s.Status.ObservedGeneration == s.Generation
		gaveUp := s.Status.Phase == v1alpha1.PhaseFailed || s.Status.Phase == v1alpha1.PhaseRolledBack
		if answered && gaveUp && s.Status.Phase != phase {
			t.Fatalf("want phase %s at %s, have %s", phase, version, state)
		}
		return answered && s.Status.Phase == phase && s.Status.Version == version, state
	})
	service := corev1.Service{}
	c.get(t, "bi", &service)
	pods := corev1.PodList{}
	if err := c.List(t.Context(), &pods, client.InNamespace(c.namespace), client.MatchingLabels(service.Spec.Selector)); err != nil {
		t.Fatalf("listing web pods: %v", err)
	}
	if len(pods.Items) == 0 {
		t.Fatal("no pod behind the web Service")
	}
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp != nil {
			continue // it is ending, and gets no traffic any more
		}
		if image := pod.Spec.Containers[0].Image; !strings.Contains(image+"-", ":"+version+"-") { // or a variant of it
			t.Errorf("web pod %s runs %s, want %s", pod.Name, image, version)
		}
	}
}

// waitForFailure waits until the run has failed.
func (c cluster) waitForFailure(t *testing.T) {
	t.Helper()
	until(t, 5*time.Minute, "phase Failed", func(context.Context) (bool, string) {
		s := c.superset(t)
		return s.Status.ObservedGeneration == s.Generation && s.Status.Phase == v1alpha1.PhaseFailed,
			fmt.Sprintf("phase %s, %s", s.Status.Phase, readyMessage(s))
	})
}

// podNames lists the pods of the tiers.
func (c cluster) podNames(t *testing.T) string {
	t.Helper()
	return c.kubectl(t, "", "--namespace="+c.namespace, "get", "pods", "--sort-by=.metadata.name", "--output=name",
		"--selector=app.kubernetes.io/instance=bi,!"+v1alpha1.LabelScript)
}

func readyMessage(s v1alpha1.Superset) string {
	ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return "no condition Ready"
	}
	return ready.Reason + ": " + ready.Message
}

// superset reads the Superset of the namespace.
func (c cluster) superset(t *testing.T) v1alpha1.Superset {
	t.Helper()
	s := v1alpha1.Superset{}
	c.get(t, "bi", &s)
	return s
}

// webAddress is the address of a Service; that of the operator has the name of
// the Superset.
func (c cluster) webAddress(t *testing.T, name string) string {
	t.Helper()
	service := corev1.Service{}
	c.get(t, name, &service)
	return fmt.Sprintf("http://%s:%d", service.Spec.ClusterIP, service.Spec.Ports[0].Port)
}
