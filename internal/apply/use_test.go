// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

func mounted() *corev1.ConfigMap {
	yes := true
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "c", Namespace: "ns"}, Immutable: &yes,
		Data: map[string]string{"a.py": "ours"}, BinaryData: map[string][]byte{"a.pyz": {0xff, 1}}}
}

// A ConfigMap is used if its owner controls it, it is immutable and its content is equal. One
// that does not exist is created. Any other is a conflict, and stays as it is.
func TestUse(t *testing.T) {
	owner := ownerOf("ours")
	no := false
	for problem, edit := range map[string]func(*corev1.ConfigMap){
		"":                                 func(*corev1.ConfigMap) {},
		"is not controlled":                func(cm *corev1.ConfigMap) { cm.OwnerReferences[0].UID = "deleted and re-created" },
		"is not controlled by this object": func(cm *corev1.ConfigMap) { cm.OwnerReferences = nil },
		"is being deleted": func(cm *corev1.ConfigMap) {
			now := metav1.Now()
			cm.DeletionTimestamp, cm.Finalizers = &now, []string{"example.com/x"}
		},
		"is not immutable":       func(cm *corev1.ConfigMap) { cm.Immutable = nil },
		"is not immutable;":      func(cm *corev1.ConfigMap) { cm.Immutable = &no },
		"has different content":  func(cm *corev1.ConfigMap) { cm.Data["a.py"] = "theirs" },
		"has different content;": func(cm *corev1.ConfigMap) { cm.Data["b.py"] = "theirs" },
		"different content":      func(cm *corev1.ConfigMap) { cm.BinaryData["b.py"] = nil },
		"different content;":     func(cm *corev1.ConfigMap) { cm.BinaryData["a.pyz"] = []byte{0xff, 2} },
		"and has different":      func(cm *corev1.ConfigMap) { cm.BinaryData = nil },
	} {
		found := mounted()
		if err := controllerutil.SetControllerReference(owner, found, scheme(t)); err != nil {
			t.Fatal(err)
		}
		edit(found)
		c := fake.NewClientBuilder().WithScheme(scheme(t)).WithObjects(found).Build()
		a := New(c, c)
		err := a.Use(t.Context(), owner, mounted())
		var conflict *ConflictError
		if problem == "" {
			if err != nil {
				t.Errorf("ours: %v", err)
			}
			continue
		}
		if !errors.As(err, &conflict) || !strings.Contains(err.Error(), problem) || !strings.Contains(err.Error(), "kubectl delete configmap -n ns c") {
			t.Errorf("%s: %v", problem, err)
		}
	}
	c := fake.NewClientBuilder().WithScheme(scheme(t)).Build()
	a := New(c, c)
	if err := a.Use(t.Context(), owner, mounted()); err != nil {
		t.Fatal(err)
	}
	var created corev1.ConfigMap
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(mounted()), &created); err != nil || !metav1.IsControlledBy(&created, owner) {
		t.Errorf("created: %+v, %v", created, err)
	}
}

// The content of an immutable ConfigMap is read once, however often it is used: another one with
// its name has another UID, and is read. One that this process has created is not read at all,
// unless a webhook has changed it.
func TestUseReadsContentOnce(t *testing.T) {
	owner, contents, webhook := ownerOf("ours"), 0, ""
	c := interceptor.NewClient(fake.NewClientBuilder().WithScheme(scheme(t)).Build(), interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if _, ok := obj.(*corev1.ConfigMap); ok {
				contents++
			}
			return c.Get(ctx, key, obj, opts...)
		},
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			cm := obj.(*corev1.ConfigMap)
			cm.UID = types.UID(strconv.Itoa(contents) + "-" + webhook)
			if webhook != "" {
				cm.Data["a.py"] = webhook
			}
			return c.Create(ctx, obj, opts...)
		},
	})
	a := New(c, c)
	use := func(a *Applier, want int, problem string) {
		t.Helper()
		err := a.Use(t.Context(), owner, mounted())
		if (err == nil) != (problem == "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Errorf("got %v, want %q", err, problem)
		}
		if contents != want {
			t.Errorf("read the content %d times, want %d", contents, want)
		}
	}
	replace := func() {
		t.Helper()
		if err := c.Delete(t.Context(), mounted()); err != nil {
			t.Fatal(err)
		}
	}
	use(&a, 0, "") // creates it
	use(&a, 0, "")
	later := New(c, c)
	use(&later, 1, "")
	use(&later, 1, "")
	replace()
	webhook = "theirs"
	use(&a, 1, "") // creates it, as far as it knows
	use(&a, 2, "has different content")
	replace()
	webhook = ""
	use(&a, 2, "")
	use(&a, 2, "")
}

// What a pod mounts is checked before an object is created or changed, and not while
// nothing is written.
func TestApplyChecksWhatIsMounted(t *testing.T) {
	owner := ownerOf("ours")
	foreign := mounted()
	c := fake.NewClientBuilder().WithScheme(scheme(t)).WithObjects(foreign).Build()
	a := New(c, c)
	var conflict *ConflictError
	if changed, err := a.Apply(t.Context(), owner, deployment(), nil, mounted()); changed || !errors.As(err, &conflict) {
		t.Errorf("creation: changed %v, %v", changed, err)
	}
	live := deployment()
	if err := controllerutil.SetControllerReference(owner, live, c.Scheme()); err != nil {
		t.Fatal(err)
	}
	u, err := applyConfiguration(live)
	if err != nil {
		t.Fatal(err)
	}
	live.Annotations, live.ResourceVersion = u.GetAnnotations(), "17"
	if changed, err := a.Apply(t.Context(), owner, deployment(), live, mounted()); changed || err != nil {
		t.Errorf("nothing differs: changed %v, %v", changed, err)
	}
	*live.Spec.Replicas, live.ResourceVersion = 5, "18"
	if changed, err := a.Apply(t.Context(), owner, deployment(), live, mounted()); changed || !errors.As(err, &conflict) {
		t.Errorf("a change: changed %v, %v", changed, err)
	}
}
