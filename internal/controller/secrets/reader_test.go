// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

var now = time.Unix(1_700_000_000, 0)

// server is an API server with Secrets a and b. It counts the reads, which must be of metadata
// alone, and answers those of a name with an error.
type server struct {
	client.WithWatch
	reads  int
	errors map[string]error
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{errors: map[string]error{}}
	secret := func(name string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "analytics", UID: "u"}, StringData: map[string]string{"k": "v"}}
	}
	s.WithWatch = fake.NewClientBuilder().WithObjects(secret("a"), secret("b")).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			s.reads++
			if _, is := obj.(*metav1.PartialObjectMetadata); !is {
				t.Errorf("a read of %s as %T", key, obj)
			}
			if err := s.errors[key.Name]; err != nil {
				return err
			}
			return c.Get(ctx, key, obj, opts...)
		},
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			t.Error("a list of Secrets")
			return nil
		},
	}).Build()
	return s
}

// write changes a Secret in the least visible way: by a label.
func (s *server) write(t *testing.T, name, label string) {
	t.Helper()
	err := s.Patch(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "analytics"}},
		client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"a":"`+label+`"}}}`)))
	if err != nil {
		t.Fatal(err)
	}
}

func superset(names ...v1alpha1.SecretName) *v1alpha1.Superset {
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", UID: "s"}}
	s.Spec.RefreshSecrets, s.Status.Phase = names, v1alpha1.PhaseReady
	return s
}

// Nothing is read without the field, and nothing again before the interval is over, unless the
// field has changed.
func TestReadsOncePerInterval(t *testing.T) {
	api, s := newServer(t), superset()
	r := &Reader{Live: api}
	look := func(at time.Duration, reads int, next time.Duration) {
		t.Helper()
		before := api.reads
		_, again := r.Observe(t.Context(), s, now.Add(at))
		if api.reads-before != reads || again != next {
			t.Errorf("after %s: %d reads and the next look in %s, want %d and %s", at, api.reads-before, again, reads, next)
		}
	}
	look(0, 0, 0)
	s.Spec.RefreshSecrets = []v1alpha1.SecretName{"b"}
	look(0, 1, 5*time.Minute)
	look(time.Minute, 0, 4*time.Minute)
	s.Status.Phase = v1alpha1.PhaseVerify
	look(5*time.Minute-1, 0, 1)
	look(5*time.Minute, 1, 5*time.Minute)
	s.Spec.RefreshSecrets = []v1alpha1.SecretName{"b", "a"}
	look(6*time.Minute, 2, 5*time.Minute)
	look(5*time.Minute, 2, 5*time.Minute) // the clock was set back
	r.Interval = time.Minute
	look(6*time.Minute, 2, time.Minute)
	r.Forget(client.ObjectKeyFromObject(s))
	look(6*time.Minute, 2, time.Minute)
}

// A write of any kind is a change, once. It waits while the phase is not Ready, and is found
// again afterwards.
func TestObserveChanges(t *testing.T) {
	api, s := newServer(t), superset("a", "b")
	r, at := &Reader{Live: api}, now
	look := func(changed string, waits bool) {
		t.Helper()
		at = at.Add(DefaultInterval)
		token := components.SecretsToken(s)
		got, _ := r.Observe(t.Context(), s, at)
		s = With(s, got.Known)
		if got.Changed != changed || got.Waits != waits || got.NotRead != "" {
			t.Errorf("%+v, want %q, waits %v", got, changed, waits)
		}
		if isNew := components.SecretsToken(s) != token; isNew != (changed != "" && !waits) {
			t.Errorf("the token %q became %q", token, components.SecretsToken(s))
		}
	}
	look("", false)
	look("", false)
	api.write(t, "b", "x")
	look("b", false)
	look("", false)
	api.write(t, "a", "x")
	api.write(t, "b", "y")
	for _, phase := range []v1alpha1.Phase{v1alpha1.PhaseUpgradeWeb, v1alpha1.PhaseFailed, v1alpha1.PhaseRolledBack} {
		s.Status.Phase = phase
		look("a, b", true)
	}
	s.Status.Phase = v1alpha1.PhaseReady
	look("a, b", false)
}

// What cannot be read is reported and changes nothing, and neither does that it can be read again.
func TestObserveWithoutAccess(t *testing.T) {
	api, s := newServer(t), superset("b", "a")
	r, at := &Reader{Live: api}, now
	look := func() string {
		at = at.Add(DefaultInterval)
		got, _ := r.Observe(t.Context(), s, at)
		if got.Changed != "" {
			t.Errorf("%s has changed", got.Changed)
		}
		s = With(s, got.Known)
		return got.NotRead
	}
	refused := func(user string) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "a", errors.New(`User "`+user+`" cannot get resource "secrets"`))
	}
	if got := look(); got != "" {
		t.Errorf("read: %s", got)
	}
	before := s.Status.RefreshSecrets
	const role = "kubectl create role bi-refresh -n analytics --verb=get --resource=secrets --resource-name=b --resource-name=a --dry-run=client -o yaml | kubectl apply -f - && " +
		"kubectl create rolebinding bi-refresh -n analytics --role=bi-refresh --SUBJECT --dry-run=client -o yaml | kubectl apply -f -"
	for _, c := range []struct {
		err  error
		want string
	}{
		{refused("system:serviceaccount:ops:superset-operator"), strings.Replace(role, "SUBJECT", "serviceaccount=ops:superset-operator", 1)},
		{refused("jane"), strings.Replace(role, "SUBJECT", "user=jane", 1)},
		{apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "a", errors.New("no")), "NAME_OF_THE_OPERATOR"},
		{apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, "a"), "Secret a does not exist: create it, or remove it from spec.refreshSecrets"},
		{errors.New("no answer"), "reading Secret a: no answer"},
	} {
		api.errors["a"] = c.err
		if got := look(); !strings.Contains(got, c.want) {
			t.Errorf("%v: %q does not contain %q", c.err, got, c.want)
		}
		if diff := cmp.Diff(before, s.Status.RefreshSecrets); diff != "" {
			t.Errorf("%v changes what is known:\n%s", c.err, diff)
		}
	}
	delete(api.errors, "a")
	if got := look(); got != "" {
		t.Errorf("read again: %s", got)
	}
}
