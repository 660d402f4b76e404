// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"slices"
	"testing"
)

// The API server sets the default of a CRD in every object that it returns. A default in the
// part of a spec that a release consists of would change the release of every Superset when
// the CRD is upgraded: defaults of new fields are applied by the operator.
func TestNoNewDefaultsInReleases(t *testing.T) {
	// fence and mode of a component, replicas and the upgrade policy are not part of a release.
	ignored := []string{"spec.upgrade", "spec.historyLimit", "spec.mode", "spec.replicas"}
	allowed := map[string][]string{
		"supersets":               {"spec.image", "spec.image.pullPolicy", "spec.image.repository"},
		"supersetwebworkers":      {"spec.image", "spec.image.pullPolicy", "spec.image.repository"},
		"supersetasyncworkers":    {"spec.image", "spec.image.pullPolicy", "spec.image.repository"},
		"supersetasyncschedulers": {"spec.image", "spec.image.pullPolicy", "spec.image.repository"},
	}
	for plural, want := range allowed {
		got := defaultsIn(schemaOf(t, plural)["spec"].(map[string]any), "spec", ignored)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: fields with a default: %v, want %v", plural, got, want)
		}
	}
}

// defaultsIn lists the paths below a schema that have a default.
func defaultsIn(schema map[string]any, path string, ignored []string) (out []string) {
	if slices.Contains(ignored, path) {
		return nil
	}
	if _, ok := schema["default"]; ok {
		out = append(out, path)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, of := range properties {
		out = append(out, defaultsIn(of.(map[string]any), path+"."+name, ignored)...)
	}
	if items, ok := schema["items"].(map[string]any); ok {
		out = append(out, defaultsIn(items, path+"[]", ignored)...)
	}
	return out
}
