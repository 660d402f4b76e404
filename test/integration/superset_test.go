// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/sample"
)

// limit is the timeout of every wait, far above what anything here takes.
const limit = 4 * time.Minute

// fixture is one Superset in a namespace of its own.
type fixture struct {
	t   *testing.T
	ns  string
	key client.ObjectKey
	rec *recorder
}

// newFixture creates the namespace and the Secret.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	ns := sample.Namespace()
	must(t, k8s.Create(t.Context(), ns))
	f := &fixture{t: t, ns: ns.Name, key: client.ObjectKey{Namespace: ns.Name, Name: "bi"}}
	must(t, k8s.Create(t.Context(), f.secret()))
	f.rec = record(t, ns.Name)
	t.Cleanup(func() {
		if t.Failed() {
			f.dump()
		}
		// The namespace waits for its pods first: until then its Superset would hold a slot.
		_ = k8s.DeleteAllOf(context.Background(), &v1alpha1.Superset{}, client.InNamespace(ns.Name))
		_ = k8s.Delete(context.Background(), ns)
	})
	return f
}

func (f *fixture) secret() *corev1.Secret { return sample.Secret(f.ns) }

// superset returns a Superset with every tier at a version, before it is created.
func (f *fixture) superset(version string, edits ...func(*v1alpha1.Superset)) *v1alpha1.Superset {
	return sample.Superset(f.ns, version, edits...)
}

// install creates a Superset and waits until it is Ready.
func (f *fixture) install(version string, edits ...func(*v1alpha1.Superset)) {
	f.t.Helper()
	f.create(version, edits...)
	f.ready(version)
}

func (f *fixture) create(version string, edits ...func(*v1alpha1.Superset)) {
	f.t.Helper()
	must(f.t, k8s.Create(f.t.Context(), f.superset(version, edits...)))
}

func (f *fixture) get() *v1alpha1.Superset {
	f.t.Helper()
	s := &v1alpha1.Superset{}
	must(f.t, k8s.Get(f.t.Context(), f.key, s))
	return s
}

// edit changes the Superset as a user does.
func (f *fixture) edit(edits ...func(*v1alpha1.Superset)) {
	f.t.Helper()
	s := f.get()
	before := s.DeepCopy()
	for _, edit := range edits {
		edit(s)
	}
	must(f.t, k8s.Patch(f.t.Context(), s, client.MergeFrom(before)))
}

// until waits until the Superset fulfills a condition.
func (f *fixture) until(what string, is func(*v1alpha1.Superset) bool) *v1alpha1.Superset {
	f.t.Helper()
	var s *v1alpha1.Superset
	eventually(f.t, what, func() bool { s = f.get(); return is(s) })
	eventually(f.t, "the recorder to see it", func() bool { return f.rec.Knows(s) })
	return s
}

func (f *fixture) phase(p v1alpha1.Phase) *v1alpha1.Superset {
	f.t.Helper()
	return f.until("phase "+string(p), func(s *v1alpha1.Superset) bool { return s.Status.Phase == p })
}

// ready waits until a version is running and verified, for the newest spec.
func (f *fixture) ready(version string) *v1alpha1.Superset {
	f.t.Helper()
	return f.until("Ready at "+version, func(s *v1alpha1.Superset) bool {
		c := condition(s, v1alpha1.ConditionReady)
		return s.Status.Phase == v1alpha1.PhaseReady && c.Status == metav1.ConditionTrue &&
			s.Status.ObservedGeneration == s.Generation && s.Status.Version == version && s.Spec.Version == version
	})
}

// rolledBack waits until the run has rolled back to a version.
func (f *fixture) rolledBack(version string) *v1alpha1.Superset {
	f.t.Helper()
	return f.until("RolledBack to "+version, func(s *v1alpha1.Superset) bool {
		return s.Status.Phase == v1alpha1.PhaseRolledBack && s.Status.Version == version
	})
}

func condition(s *v1alpha1.Superset, kind string) metav1.Condition { return sample.Condition(s, kind) }

// dump logs the state when a test fails.
func (f *fixture) dump() {
	s := &v1alpha1.Superset{}
	if err := k8s.Get(context.Background(), f.key, s); err == nil {
		f.t.Logf("phase %s, version %s, upgrade %+v", s.Status.Phase, s.Status.Version, s.Status.Upgrade)
		for _, c := range s.Status.Conditions {
			f.t.Logf("%s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message)
		}
	}
	f.t.Log(f.rec.String())
}

// Edits of a Superset.

func version(v string) func(*v1alpha1.Superset) { return sample.Version(v) }

// tag sets an image tag, whose suffix selects how its pods behave.
func tag(t string) func(*v1alpha1.Superset) { return sample.Tag(t) }

func strategy(v v1alpha1.Strategy) func(*v1alpha1.Superset) { return sample.Strategy(v) }

func hold(s *v1alpha1.Superset) { s.Spec.Upgrade.OnFailure = v1alpha1.OnFailureHold }

// jobs sets an annotation on the pods of Jobs.
func jobs(key, value string) func(*v1alpha1.Superset) { return sample.JobAnnotation(key, value) }

func paused(is bool) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Paused = is }
}

func annotation(key, value string) func(*v1alpha1.Superset) { return sample.Annotation(key, value) }

// slow delays the pods of Jobs, and the readiness of the tiers' pods.
func slow(d time.Duration) func(*v1alpha1.Superset) { return sample.Slow(d) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually polls until a condition is true.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !yes(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("timed out waiting for: %s", what)
		}
	}
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not contain %q", text, part)
		}
	}
}
