// SPDX-License-Identifier: Apache-2.0

// Package superset is the controller of a Superset.
//
// Reconcile (reconcile.go) is one loop: observe (observe.go, the only reader of the
// cluster), decide (package rules), execute (execute.go, the only writer of children)
// and record (record.go, the only writer of the status). Package report has what users read
// in the status; events.go has what follows a status that was persisted. stale.go keeps
// decisions off a stale cache, and slots.go limits how many runs are under way.
package superset
