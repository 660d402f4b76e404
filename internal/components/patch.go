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

// Patch lays a user's podTemplate over a rendered pod template, as a
// strategic-merge patch. The labels that select and identify pods are ours: a
// patch cannot change them.
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
	if out.Labels == nil { // the patch removed them all
		out.Labels = map[string]string{}
	}
	maps.Copy(out.Labels, template.Labels)
	return out, nil
}

// mergePatches lays one podTemplate patch over another, so that a single one
// is left. Both must have passed checkPatch. It is as if one were applied after
// the other, but for a map that base removes and over writes again: what we
// generate in it stays.
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

// checkPatch decodes a podTemplate strictly. The error names each unknown or
// misplaced field with its path, below the given one.
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

// withoutDirectives drops the keys by which a strategic-merge patch says how to
// merge ($patch, $retainKeys, …): they are no fields of a pod template.
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
