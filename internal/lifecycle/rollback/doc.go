// SPDX-License-Identifier: Apache-2.0

// Package rollback works out how a run can be taken back: to which release, by which
// class, and what that loses.
//
// Read rollback.go first: To answers what a rollback to one stored release would do
// now. It collects Options, the facts that each class rests on, and Choose (choose.go)
// picks the class; package plan asks the same Choose before a run begins. target.go
// finds the release that a token or a lower spec.version means.
package rollback
