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

// pageTitle is in the manifest, and so on the maintenance page.
const pageTitle = "Back in a few minutes (end-to-end test)"

//go:embed manifests/superset.yaml
var supersetManifest string

// TestUpgradeAndRollback is the whole journey of a user, twice: install a
// release, make something in it, upgrade, find it again, go back, find it again;
// beside live traffic, and with every tier stopped.
func TestUpgradeAndRollback(t *testing.T) {
	c := connect(t)
	c.deployOperator(t)
	j := &journal{}
	kept := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { defer close(kept); j.keep(ctx, t, c) }()
	defer func() { cancel(); <-kept }()

	r := &results{Before: releaseBefore, After: releaseAfter}
	t.Run("Rolling", func(t *testing.T) { c.rolling(t, j, r) })
	t.Run("Drain", func(t *testing.T) { c.drain(t, j, r) })
	if !t.Failed() {
		r.write(t)
	}
}

// rolling: from the bump to Ready, and back again, no request fails.
func (c cluster) rolling(t *testing.T, j *journal, r *results) {
	user := c.settle(t, j, r)
	r.Memory = memory(t)
	p := startProber(t.Context(), c.webAddress(t, "bi"))
	defer p.stop()
	c.upgrade(t, j, r, p, v1alpha1.StrategyRolling)
	user.again(t, c)

	begun := time.Now()
	p.lap()
	c.annotate(t, v1alpha1.AnnotationRollback, "e2e-1")
	c.reaches(t, v1alpha1.PhaseRolledBack, releaseBefore)
	r.add(t, j, stage{Name: "Rollback to " + releaseBefore + " by annotation", Service: lapOf(p)}, begun)
	user.again(t, c)
	for _, s := range r.Stages {
		if s.Service != nil && s.Service.Failed+s.Service.Paged > 0 {
			t.Errorf("%s: %d requests failed, first: %s; %d met the maintenance page", s.Name, s.Service.Failed, s.Service.First, s.Service.Paged)
		}
	}
}

// drain: while Superset is stopped the maintenance page answers, and nobody is
// refused.
func (c cluster) drain(t *testing.T, j *journal, r *results) {
	user := c.settle(t, j, nil)
	c.patch(t, func(s *v1alpha1.Superset) { s.Spec.Upgrade.Strategy = v1alpha1.StrategyDrain })
	p := startProber(t.Context(), c.webAddress(t, "bi"))
	defer p.stop()
	c.upgrade(t, j, r, p, v1alpha1.StrategyDrain)
	user.again(t, c)
	service := r.Stages[len(r.Stages)-1].Service
	if service.Failed > 0 {
		t.Errorf("%d requests failed, first: %s", service.Failed, service.First)
	}
	if service.Paged == 0 {
		t.Error("nobody met the maintenance page")
	}
}

// owner is a user who has made something and wants to find it again.
type owner struct{ made belongings }

func (o owner) again(t *testing.T, c cluster) {
	t.Helper()
	c.login(t, c.webAddress(t, "bi")).check(t, o.made)
}

// settle installs the first release from nothing, and uses it.
func (c cluster) settle(t *testing.T, j *journal, r *results) owner {
	t.Helper()
	c.services(t)
	begun := time.Now()
	c.apply(t, supersetManifest)
	c.reaches(t, v1alpha1.PhaseReady, releaseBefore)
	if r != nil {
		r.add(t, j, stage{Name: "Install " + releaseBefore}, begun)
	}
	c.createAdmin(t, releaseBefore)
	user := c.login(t, c.webAddress(t, "bi"))
	o := owner{user.create(t, c.databaseURI(t))}
	user.check(t, o.made)
	return o
}

// upgrade takes the Superset to the second release, by the strategy that is
// expected of the plan.
func (c cluster) upgrade(t *testing.T, j *journal, r *results, p *prober, want v1alpha1.Strategy) {
	t.Helper()
	begun := time.Now()
	p.lap()
	c.setVersion(t, releaseAfter)
	c.reaches(t, v1alpha1.PhaseReady, releaseAfter)
	superset := v1alpha1.Superset{}
	c.get(t, "bi", &superset)
	run := superset.Status.Upgrade
	if run.Plan == nil || run.Strategy != want {
		t.Errorf("strategy %s, want %s; plan: %+v; fell back: %s", run.Strategy, want, run.Plan, run.FellBack)
	}
	s := stage{Name: fmt.Sprintf("Upgrade %s to %s, %s", releaseBefore, releaseAfter, want), Service: lapOf(p)}
	if run.Locks != nil {
		s.Locks = superset.Status.History[0].Locks
	}
	r.add(t, j, s, begun)
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
		if pod.DeletionTimestamp != nil {
			continue // it ends, and nobody is led to it any more
		}
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
