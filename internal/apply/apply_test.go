// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

func value(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// Fields of the desired object must be equal; fields that it does not have are ignored.
func TestContains(t *testing.T) {
	for _, c := range []struct {
		have, want string
		contains   bool
	}{
		{`{"a":1,"b":2}`, `{"a":1}`, true},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`{"a":1}`, `{"a":2}`, false},
		{`{"a":1}`, `{"a":"1"}`, false},
		{`{"a":{"b":{"c":1,"d":2}}}`, `{"a":{"b":{"c":1}}}`, true},
		{`{"a":{"b":{"d":2}}}`, `{"a":{"b":{"c":1}}}`, false},
		{`{}`, `{"a":{}}`, true},   // the API server drops empty maps
		{`{}`, `{"a":null}`, true}, // and null values
		{`{}`, `{"a":[]}`, false},
		{`{}`, `{"a":false}`, false},
		{`{}`, `{"a":{"b":1}}`, false},
		{`{"a":1}`, `{"a":{}}`, false},
		{`{"a":1}`, `{"a":{"b":1}}`, false},
		{`{"a":{"b":1}}`, `{"a":1}`, false},
		{`{"a":["x"]}`, `{"a":"x"}`, false},
		{`["x","y"]`, `["x","y"]`, true},
		{`["x","y"]`, `["y","x"]`, false}, // the order matters, for example of arguments
		{`["x","y"]`, `["x"]`, false},
		{`["x"]`, `["x","y"]`, false},
		{`[{"name":"x","filled":1}]`, `[{"name":"x"}]`, true},
		{`[{"name":"x"}]`, `[{"name":"x","image":"i"}]`, false},
		{`null`, `null`, true},
		{`1`, `1`, true},
		{`true`, `false`, false},
	} {
		if got := contains(value(t, c.have), value(t, c.want)); got != c.contains {
			t.Errorf("%s in %s: %v, want %v", c.want, c.have, got, c.contains)
		}
	}
}

func deployment() *appsv1.Deployment {
	two, zero := int32(2), intstr.FromInt32(0)
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Name: "bi-web", Namespace: "ns", Labels: map[string]string{"a": "b"}},
		Spec: appsv1.DeploymentSpec{
			Replicas: &two,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}},
			Strategy: appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &zero}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "superset", Image: "i", Args: []string{"x", "y"},
					Env:       []corev1.EnvVar{{Name: "A", Value: "1"}},
					Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("1500m"), "memory": resource.MustParse("1Gi")}},
				}}},
			},
		},
	}
}

func TestApplyConfiguration(t *testing.T) {
	d := deployment()
	d.Status.Replicas = 3
	u, err := applyConfiguration(d)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := u.Object["status"]; ok {
		t.Error("the configuration has a status, which the operator does not own")
	}
	raw, err := json.Marshal(u.Object)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "creationTimestamp") {
		t.Errorf("the configuration has an empty time: %s", raw)
	}
	hash := u.GetAnnotations()[v1alpha1.AnnotationApplied]
	if len(hash) != 16 {
		t.Errorf("hash %q", hash)
	}
	again, _ := applyConfiguration(deployment())
	if diff := cmp.Diff(u.Object, again.Object); diff != "" {
		t.Errorf("objects that differ only in status have different configurations (-one +two):\n%s", diff)
	}
	d.Spec.Template.Spec.Containers[0].Env[0].Value = "2"
	other, _ := applyConfiguration(d)
	if other.GetAnnotations()[v1alpha1.AnnotationApplied] == hash {
		t.Error("a different value has the same hash: it would never be applied")
	}
	if len(deployment().Annotations) > 0 {
		t.Error("the annotation was written into the argument")
	}
}

// An object with the defaults of the API server is unchanged, until one of the operator's
// fields or the desired configuration changes.
func TestUnchanged(t *testing.T) {
	u, err := applyConfiguration(deployment())
	if err != nil {
		t.Fatal(err)
	}
	fresh := func() *appsv1.Deployment { // as the API server returns it
		live := deployment()
		live.TypeMeta = metav1.TypeMeta{} // the cache drops it
		live.Annotations = map[string]string{v1alpha1.AnnotationApplied: u.GetAnnotations()[v1alpha1.AnnotationApplied], "deployment.kubernetes.io/revision": "1"}
		live.UID, live.Generation, live.ResourceVersion, live.CreationTimestamp = "u", 4, "17", metav1.Unix(1, 0)
		ten := int32(10)
		live.Spec.ProgressDeadlineSeconds = &ten
		live.Spec.Strategy.Type = appsv1.RollingUpdateDeploymentStrategyType
		live.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyAlways
		live.Spec.Template.Spec.Containers[0].TerminationMessagePath = "/dev/termination-log"
		live.Status.Replicas = 2
		return live
	}
	cases := map[string]struct {
		edit      func(*appsv1.Deployment)
		unchanged bool
	}{
		"untouched":      {func(*appsv1.Deployment) {}, true},
		"foreign label":  {func(d *appsv1.Deployment) { d.Labels["c"] = "d" }, true},
		"foreign field":  {func(d *appsv1.Deployment) { d.Spec.Template.Spec.NodeName = "n" }, true},
		"status":         {func(d *appsv1.Deployment) { d.Status.Replicas = 9 }, true},
		"scaled":         {func(d *appsv1.Deployment) { *d.Spec.Replicas = 5 }, false},
		"label removed":  {func(d *appsv1.Deployment) { delete(d.Labels, "a") }, false},
		"image":          {func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "j" }, false},
		"argument":       {func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Args = []string{"x"} }, false},
		"container gone": {func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers = nil }, false},
		"hash gone":      {func(d *appsv1.Deployment) { delete(d.Annotations, v1alpha1.AnnotationApplied) }, false},
		"another hash":   {func(d *appsv1.Deployment) { d.Annotations[v1alpha1.AnnotationApplied] = "x" }, false},
		"request": {func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Resources.Requests["cpu"] = resource.MustParse("1")
		}, false},
		"request, as text": {func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Resources.Requests["cpu"] = resource.MustParse("1.5")
		}, true},
	}
	for name, c := range cases {
		live := fresh()
		c.edit(live)
		got, err := unchanged(u, live)
		if err != nil || got != c.unchanged {
			t.Errorf("%s: unchanged is %v, %v; want %v", name, got, err, c.unchanged)
		}
	}
}

// An object that has everything is not compared again, until something else is to be applied or
// what it was compared with has changed. A new status alone is no change.
func TestSettledObjectsAreComparedOnce(t *testing.T) {
	owner, writes := ownerOf("ours"), 0
	c := interceptor.NewClient(fake.NewClientBuilder().WithScheme(scheme(t)).Build(), interceptor.Funcs{
		Apply: func(context.Context, client.WithWatch, runtime.ApplyConfiguration, ...client.ApplyOption) error {
			writes++
			return nil
		},
	})
	service := func() *corev1.Service {
		return &corev1.Service{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: "ns"},
			Spec: corev1.ServiceSpec{Selector: map[string]string{"a": "b"}}}
	}
	for name, test := range map[string]struct {
		edit func(desired, live client.Object)
		want int
	}{
		"nothing":          {func(client.Object, client.Object) {}, 0},
		"a status":         {func(_, live client.Object) { live.SetResourceVersion("18") }, 0},
		"drift":            {func(_, live client.Object) { *live.(*appsv1.Deployment).Spec.Replicas = 5; live.SetGeneration(4) }, 1},
		"a label is gone":  {func(_, live client.Object) { live.SetLabels(nil) }, 1},
		"somebody's label": {func(_, live client.Object) { live.SetLabels(map[string]string{"a": "b", "theirs": "x"}) }, 0},
		"the hash is gone": {func(_, live client.Object) { live.SetAnnotations(nil) }, 1},
		"another wish":     {func(desired, _ client.Object) { *desired.(*appsv1.Deployment).Spec.Replicas = 5 }, 1},
		"another object":   {func(_, live client.Object) { live.SetUID("another"); live.SetLabels(nil) }, 1},
	} {
		a, live := New(c, c), settledAs(t, owner, deployment(), 3)
		for range 2 {
			if changed, err := a.Apply(t.Context(), owner, deployment(), live); changed || err != nil {
				t.Errorf("%s: settled: changed %v, %v", name, changed, err)
			}
		}
		desired := deployment()
		writes = 0
		test.edit(desired, live)
		if _, err := a.Apply(t.Context(), owner, desired, live); err != nil || writes != test.want {
			t.Errorf("%s: %d writes, %v, want %d", name, writes, err, test.want)
		}
	}
	a, live := New(c, c), settledAs(t, owner, service(), 0)
	writes = 0
	for i, selector := range []string{"b", "c"} { // without a generation, the resource version counts
		live.(*corev1.Service).Spec.Selector["a"] = selector
		live.SetResourceVersion(fmt.Sprint(17 + i))
		if _, err := a.Apply(t.Context(), owner, service(), live); err != nil || writes != i {
			t.Errorf("selector %s: %d writes, %v, want %d", selector, writes, err, i)
		}
	}
}

// What the API server answers to a write is not compared again when the cache shows it, unless a
// webhook has changed it. A difference without a new generation does not exist in a cluster; here
// it shows whether the object is compared.
func TestAnswersAreSettled(t *testing.T) {
	owner, writes := ownerOf("ours"), 0
	for name, test := range map[string]struct {
		replicas int64
		want     int
	}{"as asked": {2, 1}, "changed by a webhook": {5, 2}} {
		c := interceptor.NewClient(fake.NewClientBuilder().WithScheme(scheme(t)).Build(), interceptor.Funcs{
			Apply: func(_ context.Context, _ client.WithWatch, u runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
				writes++
				u.(metav1.Object).SetGeneration(4)
				return unstructured.SetNestedField(u.(runtime.Unstructured).UnstructuredContent(), test.replicas, "spec", "replicas")
			},
		})
		a, live := New(c, c), settledAs(t, owner, deployment(), 3)
		*live.(*appsv1.Deployment).Spec.Replicas = 5
		writes = 0
		for range 2 {
			if _, err := a.Apply(t.Context(), owner, deployment(), live); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			live.SetGeneration(4)
			live.SetResourceVersion("18")
		}
		if writes != test.want {
			t.Errorf("%s: %d writes, want %d", name, writes, test.want)
		}
	}
}

// settledAs is an object as it is in the cache after desired was applied.
func settledAs(t *testing.T, owner, desired client.Object, generation int64) client.Object {
	t.Helper()
	live := desired.DeepCopyObject().(client.Object)
	if err := controllerutil.SetControllerReference(owner, live, scheme(t)); err != nil {
		t.Fatal(err)
	}
	u, err := applyConfiguration(live)
	if err != nil {
		t.Fatal(err)
	}
	live.SetAnnotations(u.GetAnnotations())
	live.SetUID("u")
	live.SetResourceVersion("17")
	live.SetGeneration(generation)
	return live
}

func scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func ownerOf(uid types.UID) *v1alpha1.Superset {
	return &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "ns", UID: uid}}
}

// An object with a different controller, or none, is neither changed nor adopted,
// whether it is in the cache or not.
func TestForeignObjectsAreLeftAlone(t *testing.T) {
	ours, foreign := ownerOf("ours"), ownerOf("deleted and re-created")
	existing := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c", Namespace: "ns"}, Data: map[string]string{"a": "theirs"}}
	desired := func() *corev1.ConfigMap {
		return &corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
			ObjectMeta: metav1.ObjectMeta{Name: "c", Namespace: "ns"}, Data: map[string]string{"a": "ours"}}
	}
	for name, owner := range map[string]*v1alpha1.Superset{"no controller": nil, "foreign controller": foreign} {
		found := existing.DeepCopy()
		if owner != nil {
			yes := true
			found.OwnerReferences = []metav1.OwnerReference{{APIVersion: "superset-operator.dev/v1alpha1", Kind: "Superset", Name: "bi", UID: owner.UID, Controller: &yes}}
		}
		c := fake.NewClientBuilder().WithScheme(scheme(t)).WithObjects(found).Build()
		a := New(c, c)
		var conflict *ConflictError
		if changed, err := a.Apply(t.Context(), ours, desired(), nil); changed || !errors.As(err, &conflict) {
			t.Errorf("%s, not in the cache: changed %v, %v", name, changed, err)
		}
		if changed, err := a.Apply(t.Context(), ours, desired(), found); changed || !errors.As(err, &conflict) {
			t.Errorf("%s, in the cache: changed %v, %v", name, changed, err)
		}
		if err := a.Create(t.Context(), ours, desired()); !errors.As(err, &conflict) {
			t.Errorf("%s: created, %v", name, err)
		}
		if conflict == nil || !strings.Contains(conflict.Error(), "ConfigMap ns/c exists") {
			t.Errorf("%s: %v, want the object's name", name, conflict)
		}
		var after corev1.ConfigMap
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(found), &after); err != nil || after.Data["a"] != "theirs" {
			t.Errorf("%s: %v, %v", name, after.Data, err)
		}
	}
}

// An apply that leaves the resource version as it was has changed nothing. It must not be
// reported as a change, because a caller would wait for it forever.
func TestApplyReportsWhetherItChangedSomething(t *testing.T) {
	owner := ownerOf("ours")
	for response, want := range map[string]bool{"17": false, "18": true} {
		sent, versions := 0, []string(nil)
		c := fake.NewClientBuilder().WithScheme(scheme(t)).WithInterceptorFuncs(interceptor.Funcs{
			Apply: func(_ context.Context, _ client.WithWatch, u runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
				sent++
				if from := u.(metav1.Object).GetResourceVersion(); from != "" {
					versions = append(versions, from)
				}
				u.(metav1.Object).SetResourceVersion(response)
				return nil
			},
		}).Build()
		a := New(c, c)
		live := deployment()
		if err := controllerutil.SetControllerReference(owner, live, c.Scheme()); err != nil {
			t.Fatal(err)
		}
		u, err := applyConfiguration(live)
		if err != nil {
			t.Fatal(err)
		}
		live.Annotations, live.ResourceVersion = u.GetAnnotations(), "15"
		if changed, err := a.Apply(t.Context(), owner, deployment(), live); changed || err != nil || sent != 0 {
			t.Errorf("nothing differs: changed %v, %v, sent %d times", changed, err, sent)
		}
		live.ResourceVersion = "17"
		main := &live.Spec.Template.Spec.Containers[0]
		main.Env = append(main.Env, corev1.EnvVar{Name: "TOOL", Value: "theirs"})
		if changed, err := a.Apply(t.Context(), owner, deployment(), live); changed != want || err != nil || sent != 1 {
			t.Errorf("response %s: changed %v, %v, sent %d times; want %v", response, changed, err, sent, want)
		}
		if changed, err := a.Apply(t.Context(), owner, deployment(), live); changed != want || err != nil || sent != 1 {
			t.Errorf("stale cache, response %s: changed %v, %v, sent %d times; want %v", response, changed, err, sent, want)
		}
		live.ResourceVersion = "16" // differs from the one of the last write
		if _, err := a.Apply(t.Context(), owner, deployment(), live); err != nil || sent != 2 {
			t.Errorf("different resource version: %v, sent %d times", err, sent)
		}
		if changed, err := a.Apply(t.Context(), owner, deployment(), nil); !changed || err != nil {
			t.Errorf("created: changed %v, %v", changed, err)
		}
		// An apply has the resource version that it is based on; a creation has one that
		// no object has.
		if !slices.Equal(versions, []string{"17", "16", unusedResourceVersion}) {
			t.Errorf("the applies have the resource versions %v", versions)
		}
	}
}

func TestCreateTwice(t *testing.T) {
	c := fake.NewClientBuilder().WithScheme(scheme(t)).Build()
	a := New(c, c)
	for range 2 {
		cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c", Namespace: "ns"}}
		if err := a.Create(t.Context(), ownerOf("ours"), cm); err != nil {
			t.Fatal(err)
		}
	}
}

// Delete deletes only the version of the object that was read. It is no error if the
// object does not exist.
func TestDelete(t *testing.T) {
	c := fake.NewClientBuilder().WithScheme(scheme(t)).WithObjects(
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c", Namespace: "ns", UID: "u"}}).Build()
	a := New(c, c)
	object := &corev1.ConfigMap{}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "ns", Name: "c"}, object); err != nil {
		t.Fatal(err)
	}
	changed := object.DeepCopy()
	changed.ResourceVersion = "1"
	if err := a.Delete(t.Context(), changed); !apierrors.IsConflict(err) {
		t.Errorf("the object has changed: %v, want a conflict", err)
	}
	for range 2 {
		if err := a.Delete(t.Context(), object.DeepCopy()); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), &corev1.ConfigMap{}); err == nil {
		t.Error("the object still exists")
	}
}
