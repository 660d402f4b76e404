// SPDX-License-Identifier: Apache-2.0

package components

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	strictjson "sigs.k8s.io/json"
)

// Patch applies a user's podTemplate to a rendered pod template, as a strategic merge
// patch. The labels of the rendered template win over those of the patch, because they
// select and identify the pods.
func Patch(template corev1.PodTemplateSpec, patch *runtime.RawExtension) (corev1.PodTemplateSpec, error) {
	if patch == nil || len(patch.Raw) == 0 {
		return template, nil
	}
	original, err := json.Marshal(template)
	if err != nil {
		return template, fmt.Errorf("encoding the pod template: %w", err)
	}
	merged, err := strategicpatch.StrategicMergePatch(original, patch.Raw, corev1.PodTemplateSpec{})
	if err != nil {
		return template, fmt.Errorf("merging podTemplate: %w", err)
	}
	var out corev1.PodTemplateSpec
	if err := json.Unmarshal(merged, &out); err != nil {
		return template, fmt.Errorf("reading the merged podTemplate: %w", err)
	}
	if out.Labels == nil { // the patch removed all labels
		out.Labels = map[string]string{}
	}
	maps.Copy(out.Labels, template.Labels)
	return out, nil
}

// mergePatches merges two podTemplate patches, which must have passed checkPatch, into
// one. The result is the same as applying base and then over, with one exception: if
// base removes a map and over sets it again, the generated entries of the map stay.
func mergePatches(base, over *runtime.RawExtension) (*runtime.RawExtension, error) {
	if base == nil || len(base.Raw) == 0 {
		return over, nil
	}
	if over == nil || len(over.Raw) == 0 {
		return base, nil
	}
	schema, err := strategicpatch.NewPatchMetaFromStruct(corev1.PodTemplateSpec{})
	if err != nil {
		return nil, fmt.Errorf("reading the schema of pod templates: %w", err)
	}
	var trees [2]strategicpatch.JSONMap
	for i, p := range []*runtime.RawExtension{base, over} {
		if err := json.Unmarshal(p.Raw, &trees[i]); err != nil {
			return nil, fmt.Errorf("reading podTemplate: %w", err)
		}
	}
	merged, err := strategicpatch.MergeStrategicMergeMapPatchUsingLookupPatchMeta(schema, trees[0], trees[1])
	if err != nil {
		return nil, fmt.Errorf("merging podTemplate: %w", err)
	}
	raw, err := json.Marshal(merged)
	if err != nil {
		return nil, fmt.Errorf("encoding podTemplate: %w", err)
	}
	return &runtime.RawExtension{Raw: raw}, nil
}

// checkPatch decodes a podTemplate strictly. The error starts with path and names each
// unknown or misplaced field.
func checkPatch(path string, patch *runtime.RawExtension) error {
	if patch == nil || len(patch.Raw) == 0 {
		return nil
	}
	var tree any
	if err := json.Unmarshal(patch.Raw, &tree); err != nil {
		return fmt.Errorf("%s is not an object: %w", path, err)
	}
	plain, err := json.Marshal(withoutDirectives(tree))
	if err != nil {
		return fmt.Errorf("encoding %s: %w", path, err)
	}
	var template corev1.PodTemplateSpec
	strict, err := strictjson.UnmarshalStrict(plain, &template)
	if err != nil {
		return fmt.Errorf("%s is not a pod template: %w", path, err)
	}
	if err := errors.Join(strict...); err != nil {
		return fmt.Errorf("%s is not a pod template: %s", path, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

// withoutDirectives removes the directives of a strategic merge patch ($patch,
// $retainKeys, …), which are not fields of a pod template.
func withoutDirectives(node any) any {
	switch node := node.(type) {
	case map[string]any:
		out := make(map[string]any, len(node))
		for k, v := range node {
			if !strings.HasPrefix(k, "$") {
				out[k] = withoutDirectives(v)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(node))
		for _, v := range node {
			out = append(out, withoutDirectives(v))
		}
		return out
	default:
		return node
	}
}
