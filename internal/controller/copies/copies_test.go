// SPDX-License-Identifier: Apache-2.0

package copies

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/settings"
)

func references(names ...string) []settings.Reference {
	var c v1alpha1.SupersetConfigSpec
	for _, name := range names {
		object, key, _ := strings.Cut(name, "/")
		c.From = append(c.From, v1alpha1.ConfigSource{ConfigMapKeyRef: v1alpha1.ConfigMapKeyReference{Name: object, Key: key}})
	}
	return settings.References(&c)
}

func TestRead(t *testing.T) {
	reads := 0
	broken := error(nil)
	reader := fake.NewClientBuilder().WithObjects(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "shared", Namespace: "ns"},
		Data:       map[string]string{"a.py": "A = 1\n", "empty": ""}, BinaryData: map[string][]byte{"jar": {0xff}},
	}).WithInterceptorFuncs(interceptor.Funcs{Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
		reads++
		if broken != nil {
			return broken
		}
		return c.Get(ctx, key, obj, opts...)
	}}).Build()
	files, missing, err := Read(t.Context(), reader, "ns", references("shared/a.py", "shared/empty"))
	if diff := cmp.Diff(map[string]string{"_from-0.py": "A = 1\n", "_from-1.py": ""}, files); diff != "" || missing != "" || err != nil {
		t.Errorf("%q, %v, -want +got:\n%s", missing, err, diff)
	}
	if reads != 1 {
		t.Errorf("%d reads of one ConfigMap", reads)
	}
	for name, want := range map[string]string{
		"none/a.py":   "spec.config.from[1]: ConfigMap none does not exist: create it",
		"shared/b.py": "spec.config.from[1]: ConfigMap shared has no key b.py: add it",
		"shared/jar":  "spec.config.from[1]: key jar of ConfigMap shared is not text",
	} {
		files, missing, err := Read(t.Context(), reader, "ns", references("shared/a.py", name))
		if files != nil || err != nil || !strings.HasPrefix(missing, want) {
			t.Errorf("%s: %v, %q, %v", name, files, missing, err)
		}
	}
	broken = errors.New("no answer")
	if _, missing, err := Read(t.Context(), reader, "ns", references("shared/a.py")); !errors.Is(err, broken) || missing != "" {
		t.Errorf("without an answer: %q, %v", missing, err)
	}
}
