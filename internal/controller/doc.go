// SPDX-License-Identifier: Apache-2.0

// Package controller is the shell around the pure packages: the only one, with
// apply, that has a client.
//
// superset.go is one reconcile of a Superset: observe (observe.go, the only
// reader of the cluster and of the clock), decide (package lifecycle), execute
// (execute.go, the only writer of children) and record (record.go, the only
// writer of status and conditions), then events and metrics of what was
// persisted. component.go is the reconciler of the three component kinds.
package controller
