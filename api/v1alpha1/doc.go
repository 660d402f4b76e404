// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is the API of the operator: what a user writes and what the
// operator answers.
//
// Superset (superset_types.go) holds what a deployment shares and one block per
// component. SupersetWebWorker, SupersetAsyncWorker and SupersetAsyncScheduler
// (component_types.go) are one component each; a Superset writes them, and they
// can be used alone. The phases stand in phase.go, the status in
// status_types.go, every condition type and reason, with a sentence, in
// conditions.go, and the labels and annotations in names.go.
//
// The package holds types and no logic.
//
// +kubebuilder:object:generate=true
// +groupName=superset-operator.dev
package v1alpha1
