// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// What we want stands there: values that we name are the same, values that we
// do not name are somebody else's business.
func TestContains(t *testing.T) {
	for _, c := range []struct {
		have, want string
		is         bool
	}{
		{`{"a":1,"b":2}`, `{"a":1}`, true},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`{"a":1}`, `{"a":2}`, false},
		{`{"a":1}`, `{"a":"1"}`, false},
		{`{"a":{"b":{"c":1,"d":2}}}`, `{"a":{"b":{"c":1}}}`, true},
		{`{"a":{"b":{"d":2}}}`, `{"a":{"b":{"c":1}}}`, false},
		{`{}`, `{"a":{}}`, true},   // the API server drops what is empty
		{`{}`, `{"a":null}`, true}, // and what is null
		{`{}`, `{"a":[]}`, false},
		{`{}`, `{"a":false}`, false},
		{`{}`, `{"a":{"b":1}}`, false},
		{`{"a":1}`, `{"a":{}}`, false},
		{`{"a":1}`, `{"a":{"b":1}}`, false},
		{`{"a":{"b":1}}`, `{"a":1}`, false},
		{`{"a":["x"]}`, `{"a":"x"}`, false},
		{`["x","y"]`, `["x","y"]`, true},
		{`["x","y"]`, `["y","x"]`, false}, // order counts: of arguments, say
		{`["x","y"]`, `["x"]`, false},
		{`["x"]`, `["x","y"]`, false},
		{`[{"name":"x","filled":1}]`, `[{"name":"x"}]`, true},
		{`[{"name":"x"}]`, `[{"name":"x","image":"i"}]`, false},
		{`null`, `null`, true},
		{`1`, `1`, true},
		{`true`, `false`, false},
	} {
		if got := contains(value(t, c.have), value(t, c.want)); got != c.is {
			t.Errorf("%s in %s: %v, want %v", c.want, c.have, got, c.is)
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
		t.Error("status is sent: it is not ours")
	}
	raw, err := json.Marshal(u.Object)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "creationTimestamp") {
		t.Errorf("an empty time is sent: %s", raw)
	}
	hash := u.GetAnnotations()[v1alpha1.AnnotationApplied]
	if len(hash) != 16 {
		t.Errorf("hash %q", hash)
	}
	again, _ := applyConfiguration(deployment())
	if diff := cmp.Diff(u.Object, again.Object); diff != "" {
		t.Errorf("the same object, apart from its status (-one +two):\n%s", diff)
	}
	d.Spec.Template.Spec.Containers[0].Env[0].Value = "2"
	other, _ := applyConfiguration(d)
	if other.GetAnnotations()[v1alpha1.AnnotationApplied] == hash {
		t.Error("another value has the same hash: it would never be sent")
	}
	if len(deployment().Annotations) > 0 {
		t.Error("the annotation was written into what was given")
	}
}

// What the API server made of an object stands, until somebody changes a field
// of ours in it or we want something else.
func TestStands(t *testing.T) {
	u, err := applyConfiguration(deployment())
	if err != nil {
		t.Fatal(err)
	}
	fresh := func() *appsv1.Deployment { // as the API server would return it
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
		edit   func(*appsv1.Deployment)
		stands bool
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
		got, err := stands(u, live)
		if err != nil || got != c.stands {
			t.Errorf("%s: stands %v, %v; want %v", name, got, err, c.stands)
		}
	}
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

// An object of somebody else's is neither changed nor taken over, whether the
// cache shows it or not, and a created one is ours if it stands under us.
func TestForeignObjectsAreLeftAlone(t *testing.T) {
	ours, foreign := ownerOf("ours"), ownerOf("deleted and made again")
	standing := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c", Namespace: "ns"}, Data: map[string]string{"a": "theirs"}}
	desired := func() *corev1.ConfigMap {
		return &corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
			ObjectMeta: metav1.ObjectMeta{Name: "c", Namespace: "ns"}, Data: map[string]string{"a": "ours"}}
	}
	for name, owner := range map[string]*v1alpha1.Superset{"nobody's": nil, "another's": foreign} {
		there := standing.DeepCopy()
		if owner != nil {
			yes := true
			there.OwnerReferences = []metav1.OwnerReference{{APIVersion: "superset-operator.dev/v1alpha1", Kind: "Superset", Name: "bi", UID: owner.UID, Controller: &yes}}
		}
		c := fake.NewClientBuilder().WithScheme(scheme(t)).WithObjects(there).Build()
		a := New(c, c)
		var conflict *ConflictError
		if sent, err := a.Apply(t.Context(), ours, desired(), nil); sent || !errors.As(err, &conflict) {
			t.Errorf("%s, not in the cache: sent %v, %v", name, sent, err)
		}
		if sent, err := a.Apply(t.Context(), ours, desired(), there); sent || !errors.As(err, &conflict) {
			t.Errorf("%s, in the cache: sent %v, %v", name, sent, err)
		}
		if err := a.Create(t.Context(), ours, desired()); !errors.As(err, &conflict) {
			t.Errorf("%s: created, %v", name, err)
		}
		if conflict == nil || !strings.Contains(conflict.Error(), "ConfigMap ns/c exists") {
			t.Errorf("%s: %v, want the object's name", name, conflict)
		}
		var after corev1.ConfigMap
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(there), &after); err != nil || after.Data["a"] != "theirs" {
			t.Errorf("%s: %v, %v", name, after.Data, err)
		}
	}
}

// An apply after which the API server has the very object that it had before
// changed nothing: who waits for a change would wait for good.
func TestApplyTellsWhetherItChangedSomething(t *testing.T) {
	owner := ownerOf("ours")
	for answer, want := range map[string]bool{"17": false, "18": true} {
		sent, states := 0, []string(nil)
		c := fake.NewClientBuilder().WithScheme(scheme(t)).WithInterceptorFuncs(interceptor.Funcs{
			Apply: func(_ context.Context, _ client.WithWatch, u runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
				sent++
				if from := u.(metav1.Object).GetResourceVersion(); from != "" {
					states = append(states, from)
				}
				u.(metav1.Object).SetResourceVersion(answer)
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
		live.Annotations, live.ResourceVersion = u.GetAnnotations(), "17"
		if changed, err := a.Apply(t.Context(), owner, deployment(), live); changed || err != nil || sent != 0 {
			t.Errorf("what stands already: changed %v, %v, sent %d times", changed, err, sent)
		}
		main := &live.Spec.Template.Spec.Containers[0]
		main.Env = append(main.Env, corev1.EnvVar{Name: "TOOL", Value: "theirs"})
		if changed, err := a.Apply(t.Context(), owner, deployment(), live); changed != want || err != nil || sent != 1 {
			t.Errorf("answered %s: changed %v, %v, sent %d times; want %v", answer, changed, err, sent, want)
		}
		if changed, err := a.Apply(t.Context(), owner, deployment(), live); changed != want || err != nil || sent != 1 {
			t.Errorf("the cache lags, answered %s: changed %v, %v, sent %d times; want %v", answer, changed, err, sent, want)
		}
		live.ResourceVersion = "16" // another state than the one that was written from
		if _, err := a.Apply(t.Context(), owner, deployment(), live); err != nil || sent != 2 {
			t.Errorf("another state: %v, sent %d times", err, sent)
		}
		if changed, err := a.Apply(t.Context(), owner, deployment(), nil); !changed || err != nil {
			t.Errorf("made anew: changed %v, %v", changed, err)
		}
		// A write names the state that it was decided from; what is made, one that
		// none has.
		if !slices.Equal(states, []string{"17", "16", noState}) {
			t.Errorf("written from the states %v", states)
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

// Only the object that was seen is removed, as it was seen; one that is gone is no
// error.
func TestDelete(t *testing.T) {
	c := fake.NewClientBuilder().WithScheme(scheme(t)).WithObjects(
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c", Namespace: "ns", UID: "seen"}}).Build()
	a := New(c, c)
	seen := &corev1.ConfigMap{}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "ns", Name: "c"}, seen); err != nil {
		t.Fatal(err)
	}
	changed := seen.DeepCopy()
	changed.ResourceVersion = "1"
	if err := a.Delete(t.Context(), changed); !apierrors.IsConflict(err) {
		t.Errorf("it has changed: %v, want a conflict", err)
	}
	for range 2 {
		if err := a.Delete(t.Context(), seen.DeepCopy()); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(seen), &corev1.ConfigMap{}); err == nil {
		t.Error("it is still there")
	}
}
