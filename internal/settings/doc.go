// SPDX-License-Identifier: Apache-2.0

// Package settings derives the settings of one component, or of the Jobs, from a spec: what is
// said for all pods, options of the program that runs, and what is said for the component. It
// has no side effects.
//
// Start with [Web], [Worker], [Scheduler] and [Jobs]. config.go has the names of the files that
// a config refers to.
package settings
