// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

const crds = "config/crd/bases"

func parseCRD(t *testing.T, text []byte) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &crd); err != nil {
		t.Fatal(err)
	}
	return &crd
}

// A release reads what an older one stored: no field was removed since the last tag, none has
// another type, and none is newly required.
func TestCRDsAreCompatible(t *testing.T) {
	tag, err := exec.Command("git", "-C", root, "describe", "--tags", "--abbrev=0").Output()
	if err != nil {
		t.Skip("there is no tag to compare with")
	}
	files, err := filepath.Glob(filepath.Join(root, crds, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := crds + "/" + filepath.Base(file)
		released, err := exec.Command("git", "-C", root, "show", strings.TrimSpace(string(tag))+":"+name).Output()
		if err != nil {
			continue // a new kind
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before, after := parseCRD(t, released), parseCRD(t, text)
		for _, problem := range incompatible("", before.Spec.Versions[0].Schema.OpenAPIV3Schema, after.Spec.Versions[0].Schema.OpenAPIV3Schema) {
			t.Errorf("%s: %s since %s", name, problem, strings.TrimSpace(string(tag)))
		}
	}
}

// incompatible are the changes of a schema after which stored objects are not valid, or lose
// values.
func incompatible(at string, before, after *apiextensionsv1.JSONSchemaProps) (out []string) {
	if before.Type != after.Type || before.Format != after.Format {
		return []string{fmt.Sprintf("%s: type %s became %s", at, typeOf(before), typeOf(after))}
	}
	for _, name := range after.Required {
		if !slices.Contains(before.Required, name) {
			out = append(out, at+"."+name+" is newly required")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.Properties)) {
		old := before.Properties[name]
		now, ok := after.Properties[name]
		if !ok {
			out = append(out, at+"."+name+" was removed")
			continue
		}
		out = append(out, incompatible(at+"."+name, &old, &now)...)
	}
	if before.Items != nil && after.Items != nil {
		out = append(out, incompatible(at+"[]", before.Items.Schema, after.Items.Schema)...)
	}
	if before.AdditionalProperties != nil && after.AdditionalProperties != nil {
		out = append(out, incompatible(at+".*", before.AdditionalProperties.Schema, after.AdditionalProperties.Schema)...)
	}
	return out
}

func typeOf(s *apiextensionsv1.JSONSchemaProps) string {
	if s.Format == "" {
		return s.Type
	}
	return s.Type + " (" + s.Format + ")"
}

func TestIncompatible(t *testing.T) {
	const released = `
type: object
required: [a]
properties:
  a: {type: string}
  b: {type: array, items: {type: object, properties: {c: {type: string}, d: {type: integer, format: int32}}}}
  e: {type: object, additionalProperties: {type: string}}
`
	const next = `
type: object
required: [a, f]
properties:
  b: {type: array, items: {type: object, properties: {c: {type: boolean}, d: {type: integer, format: int64}, new: {type: string}}}}
  e: {type: object, additionalProperties: {type: integer}}
  f: {type: string}
`
	var before, after apiextensionsv1.JSONSchemaProps
	for text, to := range map[string]*apiextensionsv1.JSONSchemaProps{released: &before, next: &after} {
		if err := yaml.UnmarshalStrict([]byte(text), to); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		".f is newly required", ".a was removed", ".b[].c: type string became boolean",
		".b[].d: type integer (int32) became integer (int64)", ".e.*: type string became integer",
	}
	if diff := cmp.Diff(want, incompatible("", &before, &after)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := incompatible("", &before, &before); got != nil {
		t.Errorf("unchanged: %v", got)
	}
}
