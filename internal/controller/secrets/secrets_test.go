// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

type versions = map[string]string

func TestNext(t *testing.T) {
	noted := func(token string, v versions) *v1alpha1.RefreshSecretsStatus {
		return &v1alpha1.RefreshSecretsStatus{Token: token, Versions: v}
	}
	for name, c := range map[string]struct {
		before  *v1alpha1.RefreshSecretsStatus
		names   []v1alpha1.SecretName
		read    versions
		waits   bool
		want    *v1alpha1.RefreshSecretsStatus
		changed []string
	}{
		"no field":            {want: nil},
		"the first read":      {names: []v1alpha1.SecretName{"a"}, read: versions{"a": "1"}, want: noted("", versions{"a": "1"})},
		"during a run":        {names: []v1alpha1.SecretName{"a"}, read: versions{"a": "1"}, waits: true, want: noted("", versions{"a": "1"})},
		"the same":            {before: noted("t", versions{"a": "1"}), names: []v1alpha1.SecretName{"a"}, read: versions{"a": "1"}, want: noted("t", versions{"a": "1"})},
		"another name":        {before: noted("t", versions{"a": "1"}), names: []v1alpha1.SecretName{"b"}, read: versions{"b": "1"}, want: noted("t", versions{"b": "1"})},
		"no name any more":    {before: noted("t", versions{"a": "1"}), want: noted("t", versions{})},
		"never changed":       {before: noted("", versions{"a": "1"}), want: nil},
		"not read":            {before: noted("t", versions{"a": "1"}), names: []v1alpha1.SecretName{"a"}, want: noted("t", versions{"a": "1"})},
		"never read":          {names: []v1alpha1.SecretName{"a"}, want: nil},
		"changed":             {before: noted("t", versions{"a": "1"}), names: []v1alpha1.SecretName{"a"}, read: versions{"a": "2"}, want: noted(tokenOf(versions{"a": "2"}), versions{"a": "2"}), changed: []string{"a"}},
		"changed in a run":    {before: noted("t", versions{"a": "1"}), names: []v1alpha1.SecretName{"a"}, read: versions{"a": "2"}, waits: true, want: noted("t", versions{"a": "1"}), changed: []string{"a"}},
		"one of several":      {before: noted("", versions{"a": "1", "b": "1"}), names: []v1alpha1.SecretName{"b", "a"}, read: versions{"b": "2"}, want: noted(tokenOf(versions{"a": "1", "b": "2"}), versions{"a": "1", "b": "2"}), changed: []string{"b"}},
		"one new, one of old": {before: noted("", versions{"a": "1"}), names: []v1alpha1.SecretName{"c", "a"}, read: versions{"a": "2", "c": "9"}, want: noted(tokenOf(versions{"a": "2", "c": "9"}), versions{"a": "2", "c": "9"}), changed: []string{"a"}},
	} {
		given := maps.Clone(c.read)
		got, changed := next(c.before, c.names, c.read, c.waits)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.changed, changed); diff != "" {
			t.Errorf("%s: changed (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(given, c.read); diff != "" {
			t.Errorf("%s changes its input:\n%s", name, diff)
		}
	}
}

// A Superset is not changed by what is known of its Secrets now.
func TestWith(t *testing.T) {
	s := &v1alpha1.Superset{}
	s.Status.RefreshSecrets = &v1alpha1.RefreshSecretsStatus{Token: "a"}
	if with := With(s, &v1alpha1.RefreshSecretsStatus{Token: "b"}); components.SecretsToken(with) != "b" || components.SecretsToken(s) != "a" {
		t.Errorf("%q of %q", components.SecretsToken(with), components.SecretsToken(s))
	}
	if with := With(s, nil); components.SecretsToken(with) != "" {
		t.Errorf("%q", components.SecretsToken(with))
	}
}
