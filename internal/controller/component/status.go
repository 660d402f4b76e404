// SPDX-License-Identifier: Apache-2.0

package component

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
)

// statusOf is the answer to a component's spec; nil while there is nothing to report yet. A
// rollout without a problem is reported once, at its end: until then observedGeneration is
// an older one.
func statusOf(c v1alpha1.Component, h components.Health, name components.Name, now time.Time) *v1alpha1.ComponentStatus {
	rolling := !h.Settled && h.Blocked == "" && !h.Exceeded
	if rolling && c.ComponentStatus().ObservedGeneration != c.GetGeneration() {
		return nil
	}
	spec := c.ComponentSpec()
	s := c.ComponentStatus().DeepCopy()
	s.ObservedGeneration = c.GetGeneration()
	s.Fence, s.Version = spec.Fence, spec.Version
	s.Replicas, s.ReadyReplicas = h.Replicas, h.Ready
	s.Selector = labels.SelectorFromSet(components.Selector(c.GetName(), name)).String()
	set := func(kind string, is metav1.ConditionStatus, reason, message string) {
		meta.SetStatusCondition(&s.Conditions, apply.Condition(c, now, metav1.Condition{Type: kind, Status: is, Reason: reason, Message: message}))
	}
	if h.Ready > 0 {
		set(v1alpha1.ConditionAvailable, metav1.ConditionTrue, v1alpha1.ReasonServing, "pods are ready")
	} else {
		set(v1alpha1.ConditionAvailable, metav1.ConditionFalse, v1alpha1.ReasonNotServing, "no pod is ready")
	}
	reason, message := summary(spec, h)
	absent := []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled}
	switch {
	case h.Settled && h.Blocked == "":
		set(v1alpha1.ConditionReady, metav1.ConditionTrue, reason, message)
	case h.Exceeded:
		set(v1alpha1.ConditionReady, metav1.ConditionFalse, reason, message)
		set(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNoProgress, message)
		absent = absent[:1]
	default:
		set(v1alpha1.ConditionReady, metav1.ConditionFalse, reason, message)
		set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, reason, message)
		absent = absent[1:]
	}
	for _, kind := range absent {
		meta.RemoveStatusCondition(&s.Conditions, kind)
	}
	return s
}

func summary(spec *v1alpha1.ComponentSpec, h components.Health) (reason, message string) {
	switch {
	case h.Blocked != "":
		return v1alpha1.ReasonBlocked, h.Blocked
	case h.Exceeded:
		return v1alpha1.ReasonNoProgress, "the rollout makes no progress: read the pods and their events"
	case !h.Settled:
		return v1alpha1.ReasonRolling, "pods are being replaced"
	case spec.Mode == v1alpha1.ModeHold:
		return v1alpha1.ReasonHeld, "held at zero pods"
	default:
		return v1alpha1.ReasonReady, fmt.Sprintf("version %s is running", spec.Version)
	}
}
