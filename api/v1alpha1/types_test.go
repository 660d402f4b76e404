// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// The three component kinds implement Component, and a write through it changes the
// object.
func TestComponentAccess(t *testing.T) {
	for name, c := range map[string]Component{"web": &SupersetWebWorker{}, "worker": &SupersetAsyncWorker{}, "scheduler": &SupersetAsyncScheduler{}} {
		c.ComponentSpec().Fence = 7
		c.ComponentStatus().Replicas = 3
		three := int32(3)
		at := c.DesiredReplicas()
		if (at == nil) != (name == "scheduler") {
			t.Errorf("%s: DesiredReplicas is %v", name, at)
		}
		if at != nil {
			*at = &three
		}
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(c)
		if err != nil {
			t.Fatal(err)
		}
		spec, status := content["spec"].(map[string]any), content["status"].(map[string]any)
		if spec["fence"] != int64(7) || status["replicas"] != int64(3) || at != nil && spec["replicas"] != int64(3) {
			t.Errorf("%s: %v, %v", name, spec, status)
		}
	}
}

func TestKindsAreRegistered(t *testing.T) {
	s := runtime.NewScheme()
	if err := AddToScheme(s); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"Superset", "SupersetWebWorker", "SupersetAsyncWorker", "SupersetAsyncScheduler"} {
		for _, k := range []string{kind, kind + "List"} {
			if !s.Recognizes(GroupVersion.WithKind(k)) {
				t.Errorf("%s is not registered", k)
			}
		}
	}
}

// schemaOf are the properties of a CRD's schema.
func schemaOf(t *testing.T, plural string) map[string]any {
	t.Helper()
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
	properties, _, err := unstructured.NestedMap(versions[0].(map[string]any), "schema", "openAPIV3Schema", "properties")
	if err != nil {
		t.Fatal(err)
	}
	return properties
}

// The enum of the CRD and the list in Go have the same phases.
func TestPhasesAreThoseOfTheSchema(t *testing.T) {
	want, _, err := unstructured.NestedStringSlice(schemaOf(t, "supersets"), "status", "properties", "phase", "enum")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range Phases {
		got = append(got, string(p))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("Phases has %v, the CRD has %v", got, want)
	}
}

// Empty fields of a spec are omitted from its JSON. A release is identified by the hash
// of its JSON, so a new field must not change releases that do not use it.
func TestEmptyFieldsAreLeftOut(t *testing.T) {
	required := regexp.MustCompile(`^(version|secretKeyFrom|database|uriFrom|urlFrom|name|key)$`)
	for _, spec := range []any{RuntimeSpec{}, PodSettings{}, ComponentSpec{}, ImageSpec{}, CacheSpec{}, DatabaseSpec{}, ConfigSpec{}} {
		typ := reflect.TypeOf(spec)
		for i := range typ.NumField() {
			name, options, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if name == "" || required.MatchString(name) {
				continue
			}
			if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
				t.Errorf("%s.%s is in the JSON although it is empty", typ.Name(), name)
			}
		}
	}
}
