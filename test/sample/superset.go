// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Name is the name of the Superset and of its Secret.
const Name = "bi"

// Namespace returns a namespace to create, with a generated name and the
// strictest rules for pods.
func Namespace() *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "t-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}
}

// Secret is the Secret that the Superset refers to.
func Secret(namespace string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: Name, Namespace: namespace},
		StringData: map[string]string{"secret-key": "example", "database-uri": "postgresql://example", "redis-url": "redis://example"},
	}
}

// Superset has two web pods, two workers and a scheduler, at a version.
func Superset(namespace, version string, edits ...func(*v1alpha1.Superset)) *v1alpha1.Superset {
	ref := func(key string) v1alpha1.SecretKeyReference { return v1alpha1.SecretKeyReference{Name: Name, Key: key} }
	two := int32(2)
	s := &v1alpha1.Superset{
		ObjectMeta: metav1.ObjectMeta{Name: Name, Namespace: namespace},
		Spec: v1alpha1.SupersetSpec{
			RuntimeSpec: v1alpha1.RuntimeSpec{
				Version: version, SecretKeyFrom: ref("secret-key"),
				Database: v1alpha1.DatabaseSpec{DatabaseConnection: v1alpha1.DatabaseConnection{URIFrom: new(ref("database-uri"))}},
				Cache:    &v1alpha1.CacheSpec{URLFrom: new(ref("redis-url"))},
			},
			Web:       &v1alpha1.WebSpec{Replicas: &two},
			Worker:    &v1alpha1.WorkerSpec{Replicas: &two},
			Scheduler: &v1alpha1.SchedulerSpec{},
		},
	}
	for _, edit := range edits {
		edit(s)
	}
	return s
}

// Version sets the version.
func Version(v string) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Version = v }
}

// Tag sets an image tag, whose suffix selects how its pods behave.
func Tag(t string) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Image.Tag = t }
}

// Strategy sets the strategy.
func Strategy(v v1alpha1.Strategy) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Upgrade.Strategy = v }
}

// Config sets the user's own Python.
func Config(raw string) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Config.Raw = raw }
}

// Annotation sets an annotation on the Superset.
func Annotation(key, value string) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) {
		if s.Annotations == nil {
			s.Annotations = map[string]string{}
		}
		s.Annotations[key] = value
	}
}

// JobAnnotation sets an annotation on the pods of Jobs.
func JobAnnotation(key, value string) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) {
		s.Spec.Jobs = &v1alpha1.JobsSpec{PodSettings: v1alpha1.PodSettings{PodTemplate: &runtime.RawExtension{
			Raw: fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, key, value)}}}
	}
}

// Slow delays the pods of Jobs, and the readiness of the tiers' pods.
func Slow(d time.Duration) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) {
		s.Spec.PodTemplate = &runtime.RawExtension{Raw: fmt.Appendf(nil,
			`{"metadata":{"annotations":{"sim.superset-operator.dev/delay":%q,"pod-ready.test/delay":%q}}}`, d, d)}
	}
}

// Condition returns a condition of a Superset; the zero value when it has none of
// the type.
func Condition(s *v1alpha1.Superset, kind string) metav1.Condition {
	if c := meta.FindStatusCondition(s.Status.Conditions, kind); c != nil {
		return *c
	}
	return metav1.Condition{}
}
