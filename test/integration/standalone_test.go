// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
)

// Each component kind works without a Superset.
func TestStandaloneComponent(t *testing.T) {
	t.Parallel()
	for _, d := range components.Catalog {
		t.Run(d.Kind, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			c := f.component(d.Name)
			c.ComponentSpec().Config = &v1alpha1.ConfigSpec{Raw: "ROW_LIMIT = 77\n"}
			must(t, k8s.Create(t.Context(), c))
			f.componentReady(c, "version 5.0.0 is running")
			deployment := f.deploymentOf(d.Name)
			volume := deployment.Spec.Template.Spec.Volumes[0]
			var cm corev1.ConfigMap
			must(t, k8s.Get(t.Context(), client.ObjectKey{Namespace: f.ns, Name: volume.ConfigMap.Name}, &cm))
			contains(t, cm.Data["superset_config.py"], "ROW_LIMIT = 77")
			if !metav1.IsControlledBy(&cm, c) || cm.Immutable == nil || !*cm.Immutable {
				t.Errorf("ConfigMap %s is not immutable or not owned by the component", cm.Name)
			}
			f.change(c, func() { c.ComponentSpec().Mode = v1alpha1.ModeHold })
			f.componentReady(c, "held at zero pods")
			if n := len(f.tierPods()); n != 0 {
				eventually(t, "all pods are deleted", func() bool { return len(f.tierPods()) == 0 })
			}
			f.change(c, func() { c.ComponentSpec().Mode = v1alpha1.ModeServe; c.ComponentSpec().Version = "6.0.0" })
			f.componentReady(c, "version 6.0.0 is running")
			must(t, k8s.Delete(t.Context(), c))
			eventually(t, "all its objects are deleted", func() bool { return len(f.made()) == 0 })
		})
	}
}

func TestStandaloneMountsTheNamedConfig(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, k8s.Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "mine", Namespace: f.ns}, Data: map[string]string{"superset_config.py": "ROW_LIMIT = 1\n"}}))
	c := f.component(components.Worker)
	c.ComponentSpec().ConfigMapName = "mine"
	must(t, k8s.Create(t.Context(), c))
	f.componentReady(c, "version 5.0.0 is running")
	if got := f.deploymentOf(components.Worker).Spec.Template.Spec.Volumes[0].ConfigMap.Name; got != "mine" {
		t.Errorf("it mounts %s", got)
	}
	patch := client.MergeFrom(c.DeepCopyObject().(client.Object))
	c.ComponentSpec().Config = &v1alpha1.ConfigSpec{Raw: "ROW_LIMIT = 2\n"}
	refused(t, k8s.Patch(t.Context(), c, patch), "set configMapName or config, not both")
}

// An autoscaler scales through the subresource, and its value is kept.
func TestStandaloneScale(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.component(components.Web)
	must(t, k8s.Create(t.Context(), c))
	f.componentReady(c, "version 5.0.0 is running")
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 3}}
	must(t, k8s.SubResource("scale").Update(t.Context(), c, client.WithSubResourceBody(scale)))
	eventually(t, "the subresource reports three ready pods", func() bool {
		must(t, k8s.SubResource("scale").Get(t.Context(), c, scale))
		return scale.Status.Replicas == 3 && *f.deploymentOf(components.Web).Spec.Replicas == 3
	})
	if !strings.Contains(scale.Status.Selector, v1alpha1.LabelComponent+"=web") {
		t.Errorf("selector %q", scale.Status.Selector)
	}
}

// A late write of an operator that lost the lease is rejected.
func TestFenceNeverShrinks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.component(components.Scheduler)
	c.ComponentSpec().Fence = 7
	must(t, k8s.Create(t.Context(), c))
	patch := client.MergeFrom(c.DeepCopyObject().(client.Object))
	c.ComponentSpec().Fence = 6
	refused(t, k8s.Patch(t.Context(), c, patch), "fence must not decrease")
}

// emptyReader is an operator whose reads found nothing.
type emptyReader struct{ client.Reader }

func (emptyReader) Get(_ context.Context, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

// An operator that was paused just before it created an object changes none that
// was created meanwhile; if there is still none, it creates it.
func TestALateCreationChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("6.0.0")
	late := apply.New(k8s, emptyReader{k8s})
	scheduler := f.component(components.Scheduler)
	scheduler.ComponentSpec().Mode = v1alpha1.ModeHold
	deployment := f.deploymentOf(components.Scheduler)
	deployment.TypeMeta = metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}
	deployment.ObjectMeta = metav1.ObjectMeta{Name: deployment.Name, Namespace: f.ns, Labels: deployment.Labels}
	deployment.Spec.Replicas = new(int32)
	for _, obj := range []client.Object{scheduler, deployment} {
		sameJob := obj.DeepCopyObject().(client.Object)
		must(t, k8s.Get(t.Context(), client.ObjectKeyFromObject(obj), sameJob))
		if _, err := late.Apply(t.Context(), f.get(), obj, nil); !apierrors.IsConflict(err) {
			t.Errorf("a late creation of %T: %v, want a conflict", obj, err)
		}
		version := sameJob.GetResourceVersion()
		must(t, k8s.Get(t.Context(), client.ObjectKeyFromObject(obj), sameJob))
		if sameJob.GetResourceVersion() != version {
			t.Errorf("a late creation changed the %T", obj)
		}
		obj.SetName("another")
		if made, err := late.Apply(t.Context(), f.get(), obj, nil); !made || err != nil {
			t.Errorf("a creation of %T: made %t, %v", obj, made, err)
		}
	}
}

func (f *fixture) component(name components.Name) v1alpha1.Component {
	c := components.NewComponent(name)
	c.SetName("bi")
	c.SetNamespace(f.ns)
	c.ComponentSpec().RuntimeSpec = f.superset("5.0.0").Spec.RuntimeSpec
	return c
}

// componentReady waits until the newest spec is reported as Ready.
func (f *fixture) componentReady(c v1alpha1.Component, message string) {
	f.t.Helper()
	eventually(f.t, message, func() bool {
		must(f.t, k8s.Get(f.t.Context(), client.ObjectKeyFromObject(c), c))
		for _, have := range c.ComponentStatus().Conditions {
			if have.Type == v1alpha1.ConditionReady && have.Status == metav1.ConditionTrue && have.Message == message {
				return c.ComponentStatus().ObservedGeneration == c.GetGeneration()
			}
		}
		return false
	})
}

// change changes a component's spec.
func (f *fixture) change(c v1alpha1.Component, edit func()) {
	f.t.Helper()
	patch := client.MergeFrom(c.DeepCopyObject().(client.Object))
	edit()
	must(f.t, k8s.Patch(f.t.Context(), c, patch))
}

func (f *fixture) deploymentOf(name components.Name) *appsv1.Deployment {
	f.t.Helper()
	d := &appsv1.Deployment{}
	must(f.t, k8s.Get(f.t.Context(), client.ObjectKey{Namespace: f.ns, Name: components.DeploymentName("bi", name)}, d))
	return d
}

// refused requires that the API server rejects a request with a message.
func refused(t *testing.T, err error, message string) {
	t.Helper()
	if err == nil {
		t.Fatalf("the request was accepted; want: %s", message)
	}
	contains(t, err.Error(), message)
}
