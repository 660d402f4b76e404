// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// schemaless are the Kubernetes types of fields whose schema the CRD does not have, by the
// last part of the path.
var schemaless = map[string]reflect.Type{
	"podTemplate": reflect.TypeFor[corev1.PodTemplateSpec](),
	"env":         reflect.TypeFor[[]corev1.EnvVar](),
	"envFrom":     reflect.TypeFor[[]corev1.EnvFromSource](),
}

// specOf is the schema of spec in a CRD.
func specOf(file string) (*apiextensionsv1.JSONSchemaProps, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &crd); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	return &spec, nil
}

// find looks a path up, such as web.podTemplate.spec.containers[superset].resources. A list has
// brackets with or without the name of an element; below a map, any name is found.
func find(schema *apiextensionsv1.JSONSchemaProps, path string) error {
	at, rest := "", strings.Split(path, ".")
	for len(rest) > 0 {
		name, _, _ := strings.Cut(rest[0], "[")
		if items := schema.Items; items != nil {
			schema = items.Schema
		}
		switch property, ok := schema.Properties[name]; {
		case ok:
			schema = &property
		case schema.AdditionalProperties != nil:
			schema = schema.AdditionalProperties.Schema
		default:
			return fmt.Errorf("spec%s has no field %s", at, name)
		}
		at, rest = at+"."+name, rest[1:]
		if t, ok := schemaless[name]; ok && len(schema.Properties) == 0 {
			return findIn(t, at, rest)
		}
	}
	return nil
}

// findIn looks a path up in a Go type by the names in its JSON tags.
func findIn(t reflect.Type, at string, path []string) error {
	for _, part := range path {
		name, _, _ := strings.Cut(part, "[")
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() == reflect.Map {
			t = t.Elem()
			continue
		}
		next := fieldOf(t, name)
		if next == nil {
			return fmt.Errorf("spec%s is a %s, which has no field %s", at, t, name)
		}
		at, t = at+"."+name, next
	}
	return nil
}

// fieldOf is the type of a field by its JSON name, also of an embedded struct, nil for none.
func fieldOf(t reflect.Type, name string) reflect.Type {
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == name {
			return f.Type
		}
		if f.Anonymous {
			if found := fieldOf(f.Type, name); found != nil {
				return found
			}
		}
	}
	return nil
}
