// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// maxSettled bounds the objects that are remembered as settled: 150 bytes each. One that is
// forgotten is compared again.
const maxSettled = 1 << 15

// stateOf identifies what is applied, and everything of an object that it is compared with.
// The generation stands for the spec of an object that has one: its resource version changes
// with each status, too. Labels and annotations that are not applied are not compared.
func stateOf(desired, live client.Object) (string, error) {
	version := live.GetResourceVersion()
	if generation := live.GetGeneration(); generation != 0 {
		version = strconv.FormatInt(generation, 10)
	}
	raw, err := json.Marshal([]any{desired, version, live.GetAnnotations()[v1alpha1.AnnotationApplied],
		valuesOf(live.GetLabels(), desired.GetLabels()), valuesOf(live.GetAnnotations(), desired.GetAnnotations()), live.GetOwnerReferences()})
	if err != nil {
		return "", fmt.Errorf("encoding %s: %w", desired.GetName(), err)
	}
	sum := sha256.Sum256(raw)
	return string(sum[:]), nil
}

// valuesOf are the values that have has for the keys of want.
func valuesOf(have, want map[string]string) map[string]string {
	out := make(map[string]string, len(want))
	for k := range want {
		if v, ok := have[k]; ok {
			out[k] = v
		}
	}
	return out
}

// applyConfiguration converts an object to its apply configuration, without status and
// server-side metadata, and annotates it with its hash.
func applyConfiguration(obj client.Object) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		return nil, fmt.Errorf("converting %s: %w", obj.GetName(), err)
	}
	u := &unstructured.Unstructured{Object: content}
	unstructured.RemoveNestedField(u.Object, "status")
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(u.Object, "spec", "template", "metadata", "creationTimestamp")
	raw, err := json.Marshal(u.Object)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", obj.GetName(), err)
	}
	sum := sha256.Sum256(raw)
	annotations := u.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationApplied] = hex.EncodeToString(sum[:8])
	u.SetAnnotations(annotations)
	return u, nil
}

// unchanged is true if live was written from the configuration u, and all fields of u
// still have their values.
func unchanged(u *unstructured.Unstructured, live client.Object) (bool, error) {
	if live.GetAnnotations()[v1alpha1.AnnotationApplied] != u.GetAnnotations()[v1alpha1.AnnotationApplied] {
		return false, nil
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(live)
	if err != nil {
		return false, fmt.Errorf("converting %s: %w", live.GetName(), err)
	}
	want := u.DeepCopy().Object
	delete(want, "apiVersion") // typed objects in the cache have neither
	delete(want, "kind")
	return contains(content, want), nil
}

// contains is true if every field of want has the same value in have. Other fields,
// such as defaults of the API server, are ignored.
func contains(have, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		return containsFields(have, want)
	case []any:
		return containsItems(have, want)
	default:
		return have == want
	}
}

func containsFields(have any, want map[string]any) bool {
	fields, ok := have.(map[string]any)
	if !ok {
		return len(want) == 0 && have == nil
	}
	for k, v := range want {
		if !contains(fields[k], v) {
			return false
		}
	}
	return true
}

func containsItems(have any, want []any) bool {
	items, ok := have.([]any)
	return ok && slices.EqualFunc(items, want, contains)
}
