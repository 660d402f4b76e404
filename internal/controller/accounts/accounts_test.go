// SPDX-License-Identifier: Apache-2.0

package accounts

import (
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/controller/watch/watchtest"
)

func superset(account *v1alpha1.ServiceAccountSpec) *v1alpha1.Superset {
	return &v1alpha1.Superset{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Superset"},
		ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "ns", UID: "u"},
		Spec:       v1alpha1.SupersetSpec{ServiceAccount: account},
	}
}

// server has an account, and keeps the annotations and the number of what is applied.
func server(account *corev1.ServiceAccount) (client.Client, *[]map[string]string) {
	applied := &[]map[string]string{}
	b := watchtest.Builder()
	if account != nil {
		b = b.WithObjects(account)
	}
	return interceptor.NewClient(b.Build(), interceptor.Funcs{
		Apply: func(_ context.Context, _ client.WithWatch, obj runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
			*applied = append(*applied, obj.(interface{ GetAnnotations() map[string]string }).GetAnnotations())
			return nil
		},
	}), applied
}

func owned(s *v1alpha1.Superset) *corev1.ServiceAccount {
	account := render(s)
	account.UID = "a"
	account.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(s, v1alpha1.GroupVersion.WithKind("Superset"))}
	return account
}

func TestKeep(t *testing.T) {
	const role = "a.example/role"
	for name, c := range map[string]struct {
		account *v1alpha1.ServiceAccountSpec
		live    *corev1.ServiceAccount
		writes  int
		problem string
	}{
		"none":         {},
		"one of users": {account: &v1alpha1.ServiceAccountSpec{Name: "mine"}},
		"new":          {account: &v1alpha1.ServiceAccountSpec{Annotations: map[string]string{role: "reader"}}, writes: 1},
		"another role": {account: &v1alpha1.ServiceAccountSpec{Annotations: map[string]string{role: "reader"}}, live: owned(superset(&v1alpha1.ServiceAccountSpec{})), writes: 1},
		"a foreign one": {account: &v1alpha1.ServiceAccountSpec{}, live: &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "ns"}},
			problem: "write its name into spec.serviceAccount.name to use it as it is"},
	} {
		s := superset(c.account)
		api, applied := server(c.live)
		a := apply.New(api, api)
		err := Keep(t.Context(), api, &a, s)
		var conflict *apply.ConflictError
		if (c.problem == "") != (err == nil) || err != nil && (!errors.As(err, &conflict) || !strings.Contains(err.Error(), c.problem)) {
			t.Errorf("%s: %v, want %q", name, err, c.problem)
		}
		if len(*applied) != c.writes {
			t.Errorf("%s: %d writes, want %d", name, len(*applied), c.writes)
		}
		if len(*applied) == 1 && (*applied)[0][role] != "reader" {
			t.Errorf("%s: the annotations are %v", name, (*applied)[0])
		}
	}
}

func TestRemove(t *testing.T) {
	wants := &v1alpha1.ServiceAccountSpec{}
	foreign := owned(superset(wants))
	foreign.OwnerReferences = nil
	for name, c := range map[string]struct {
		account *v1alpha1.ServiceAccountSpec
		live    *corev1.ServiceAccount
		stays   bool
	}{
		"asked for":        {account: wants, live: owned(superset(wants)), stays: true},
		"not any more":     {live: owned(superset(wants))},
		"one of users now": {account: &v1alpha1.ServiceAccountSpec{Name: "mine"}, live: owned(superset(wants))},
		"a foreign one":    {live: foreign, stays: true},
		"none":             {},
	} {
		s := superset(c.account)
		api, _ := server(c.live)
		a := apply.New(api, api)
		if err := Remove(t.Context(), api, &a, s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		err := api.Get(t.Context(), client.ObjectKeyFromObject(s), &corev1.ServiceAccount{})
		if stays := err == nil; stays != c.stays {
			t.Errorf("%s: exists: %v, want %v", name, stays, c.stays)
		}
	}
}

// Neither the account nor the pods ask for a token of the Kubernetes API.
func TestRender(t *testing.T) {
	account := render(superset(&v1alpha1.ServiceAccountSpec{}))
	if account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken {
		t.Error("pods of others would get a token")
	}
	if account.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedBy || account.Labels[v1alpha1.LabelInstance] != "bi" {
		t.Errorf("the cache would not have it: %v", account.Labels)
	}
}
