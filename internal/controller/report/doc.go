// SPDX-License-Identifier: Apache-2.0

// Package report says what users read of a Superset. It is pure: conditions.go has every
// condition and how it follows from the status, messages.go the sentences in
// them, leaving.go that of a pod that does not end.
package report
