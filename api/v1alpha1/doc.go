// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 contains the API types of the operator.
//
// A Superset (superset_types.go) has the settings that all components share, and
// one block per component. SupersetWebWorker, SupersetAsyncWorker and
// SupersetAsyncScheduler (component_types.go) are one component each. A Superset
// creates and owns them; they can also be used standalone. The phases are in
// phase.go, the status in status_types.go, the condition types and reasons in
// conditions.go, and the labels and annotations in names.go.
//
// The package has types and no logic.
//
// +kubebuilder:object:generate=true
// +groupName=superset-operator.dev
package v1alpha1
