// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/test/sample"
)

// Foreign objects are left out of the facts, and whatever happens to them is reported.
func TestForeignObjects(t *testing.T) {
	now := metav1.Now()
	for name, test := range map[string]struct {
		edit func(client.Object)
		gone bool
		says string
	}{
		"nothing":        {func(client.Object) {}, false, ""},
		"deleted":        {func(client.Object) {}, true, "was deleted"},
		"being deleted":  {func(o client.Object) { o.SetDeletionTimestamp(&now) }, false, "was deleted"},
		"adopted":        {func(o client.Object) { o.SetOwnerReferences([]metav1.OwnerReference{{Kind: "Superset"}}) }, false, "has an owner"},
		"changed":        {func(o client.Object) { o.SetGeneration(2) }, false, "was changed"},
		"written":        {func(o client.Object) { o.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "superset-operator"}}) }, false, "was written by the operator"},
		"by another one": {func(o client.Object) { o.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "kubectl"}}) }, false, ""},
		"label removed":  {func(o client.Object) { o.SetLabels(ours("web")) }, false, "lost its label"},
	} {
		b := &runBuilder{uid: "u", ns: "ns", at: time.Unix(1, 0)}
		b.superset("Ready", 2)
		usual := factsOf(b.changes)
		created := foreignObjects("ns")
		for _, obj := range created {
			obj.SetGeneration(1)
			obj.SetUID(types.UID("foreign-" + obj.GetName()))
			after := obj.DeepCopyObject().(client.Object)
			test.edit(after)
			if name != "label removed" {
				b.record(true, false, obj.DeepCopyObject().(client.Object))
			}
			b.record(false, test.gone, after)
			obj.SetUID(after.GetUID())
		}
		story, broken := withoutForeign(b.changes, created)
		want := len(created)
		if test.says == "" {
			want = 0
		}
		if len(broken) != want || want > 0 && broken[0] != "the foreign Pod foreign-scheduler "+test.says {
			t.Errorf("%s: %q", name, broken)
		}
		if d := diff(usual, factsOf(story)); name != "label removed" && d != "" {
			t.Errorf("%s: foreign objects are compared:\n%s", name, d)
		}
	}
}

// The operator lists each of the foreign objects by its labels, and controls none of them.
func TestForeignObjectsLookLikeOurs(t *testing.T) {
	for _, obj := range foreignObjects("ns") {
		for k, v := range components.Labels(sample.Name) {
			if obj.GetLabels()[k] != v {
				t.Errorf("%s has label %s=%q, want %q", obj.GetName(), k, obj.GetLabels()[k], v)
			}
		}
		if obj.GetLabels()[v1alpha1.LabelComponent] == "" || len(obj.GetOwnerReferences()) > 0 {
			t.Errorf("%s: labels %v, owners %v", obj.GetName(), obj.GetLabels(), obj.GetOwnerReferences())
		}
	}
}
