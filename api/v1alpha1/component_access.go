// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Component is the common interface of the three component kinds. One reconciler
// handles all of them.
// +kubebuilder:object:generate=false
type Component interface {
	metav1.Object
	runtime.Object
	// ComponentSpec is the spec without replicas.
	ComponentSpec() *ComponentSpec
	// ComponentStatus is the status.
	ComponentStatus() *ComponentStatus
	// DesiredReplicas is the address of spec.replicas; nil for a kind without that
	// field, which always has one replica.
	DesiredReplicas() **int32
}

// ComponentSpec is the spec without replicas.
func (c *SupersetWebWorker) ComponentSpec() *ComponentSpec { return &c.Spec.ComponentSpec }

// ComponentStatus is the status.
func (c *SupersetWebWorker) ComponentStatus() *ComponentStatus { return &c.Status }

// DesiredReplicas is the address of spec.replicas.
func (c *SupersetWebWorker) DesiredReplicas() **int32 { return &c.Spec.Replicas }

// ComponentSpec is the spec without replicas.
func (c *SupersetAsyncWorker) ComponentSpec() *ComponentSpec { return &c.Spec.ComponentSpec }

// ComponentStatus is the status.
func (c *SupersetAsyncWorker) ComponentStatus() *ComponentStatus { return &c.Status }

// DesiredReplicas is the address of spec.replicas.
func (c *SupersetAsyncWorker) DesiredReplicas() **int32 { return &c.Spec.Replicas }

// ComponentSpec is the spec.
func (c *SupersetAsyncScheduler) ComponentSpec() *ComponentSpec { return &c.Spec.ComponentSpec }

// ComponentStatus is the status.
func (c *SupersetAsyncScheduler) ComponentStatus() *ComponentStatus { return &c.Status }

// DesiredReplicas is nil: a scheduler always has one replica.
func (*SupersetAsyncScheduler) DesiredReplicas() **int32 { return nil }
