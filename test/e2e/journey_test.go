// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// The two releases of the journey, both in test/images/pins.json.
const (
	releaseBefore = "5.0.0"
	releaseAfter  = "6.0.0"
)

//go:embed manifests/superset.yaml
var supersetManifest string

// TestUpgradeAndRollback is the whole journey of a user: install a release,
// make something in it, upgrade, find it again, go back, find it again.
func TestUpgradeAndRollback(t *testing.T) {
	c := connect(t)
	c.services(t)
	c.deployOperator(t)

	j := &journal{}
	kept := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { defer close(kept); j.keep(ctx, t, c) }()
	defer func() { cancel(); <-kept }()

	results := results{Before: releaseBefore, After: releaseAfter}
	begun := time.Now()
	c.apply(t, supersetManifest)
	c.reaches(t, v1alpha1.PhaseReady, releaseBefore)
	results.add(t, j, stage{Name: "Install " + releaseBefore}, begun)

	c.createAdmin(t, releaseBefore)
	user := c.login(t, c.webAddress(t, "bi"))
	made := user.create(t, c.databaseURI(t))
	user.check(t, made)
	results.Memory = memory(t)

	p := startProber(t.Context(), c.webAddress(t, "bi"))
	defer p.stop()

	begun = time.Now()
	p.lap()
	c.setVersion(t, releaseAfter)
	c.reaches(t, v1alpha1.PhaseReady, releaseAfter)
	results.add(t, j, stage{Name: fmt.Sprintf("Upgrade %s to %s, Drain", releaseBefore, releaseAfter), Service: lapOf(p)}, begun)
	c.login(t, c.webAddress(t, "bi")).check(t, made)

	begun = time.Now()
	p.lap()
	c.annotate(t, v1alpha1.AnnotationRollback, "e2e-1")
	c.reaches(t, v1alpha1.PhaseRolledBack, releaseBefore)
	results.add(t, j, stage{Name: "Rollback to " + releaseBefore + " by annotation", Service: lapOf(p)}, begun)
	c.login(t, c.webAddress(t, "bi")).check(t, made)

	results.write(t)
}

func lapOf(p *prober) *service {
	lap := p.lap()
	return &lap
}

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

func (c cluster) setVersion(t *testing.T, version string) {
	t.Helper()
	c.patch(t, func(s *v1alpha1.Superset) { s.Spec.Version = version })
}

func (c cluster) annotate(t *testing.T, name, value string) {
	t.Helper()
	c.patch(t, func(s *v1alpha1.Superset) {
		if s.Annotations == nil {
			s.Annotations = map[string]string{}
		}
		s.Annotations[name] = value
	})
}

func (c cluster) patch(t *testing.T, change func(*v1alpha1.Superset)) {
	t.Helper()
	superset := v1alpha1.Superset{}
	c.get(t, "bi", &superset)
	before := superset.DeepCopy()
	change(&superset)
	if err := c.Patch(t.Context(), &superset, client.MergeFrom(before)); err != nil {
		t.Fatalf("patching the Superset: %v", err)
	}
}

// reaches waits for a resting phase at a version, then looks at what runs: all
// pods behind the web Service, which is the proof, carry that release's image.
// Another resting phase than the one waited for ends the wait at once.
func (c cluster) reaches(t *testing.T, phase v1alpha1.Phase, version string) {
	t.Helper()
	until(t, 15*time.Minute, fmt.Sprintf("phase %s at %s", phase, version), func(context.Context) (bool, string) {
		s := v1alpha1.Superset{}
		c.get(t, "bi", &s)
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
	if err := c.List(t.Context(), &pods, client.InNamespace(namespace), client.MatchingLabels(service.Spec.Selector)); err != nil {
		t.Fatalf("listing web pods: %v", err)
	}
	if len(pods.Items) == 0 {
		t.Fatal("no pod behind the web Service")
	}
	for _, pod := range pods.Items {
		if image := pod.Spec.Containers[0].Image; !strings.HasSuffix(image, ":"+version) {
			t.Errorf("web pod %s runs %s, want %s", pod.Name, image, version)
		}
	}
}

func readyMessage(s v1alpha1.Superset) string {
	for _, condition := range s.Status.Conditions {
		if condition.Type == v1alpha1.ConditionReady {
			return condition.Reason + ": " + condition.Message
		}
	}
	return "no condition Ready"
}

// webAddress is that of a Service; the operator's is named like the Superset.
func (c cluster) webAddress(t *testing.T, name string) string {
	t.Helper()
	service := corev1.Service{}
	c.get(t, name, &service)
	return fmt.Sprintf("http://%s:%d", service.Spec.ClusterIP, service.Spec.Ports[0].Port)
}
