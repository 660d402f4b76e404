// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"os"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
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
		raw, err := os.ReadFile("../../config/crd/bases/superset-operator.dev_" + plural + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var crd map[string]any
		if err := yaml.Unmarshal(raw, &crd); err != nil {
			t.Fatal(err)
		}
		versions, _, err := unstructured.NestedSlice(crd, "spec", "versions")
		if err != nil || len(versions) != 1 {
			t.Fatalf("%s: %d versions, %v", plural, len(versions), err)
		}
		spec, _, err := unstructured.NestedMap(versions[0].(map[string]any), "schema", "openAPIV3Schema", "properties", "spec")
		if err != nil {
			t.Fatal(err)
		}
		got := defaultsIn(spec, "spec", ignored)
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
