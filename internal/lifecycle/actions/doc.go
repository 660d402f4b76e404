// SPDX-License-Identifier: Apache-2.0

// Package actions is what a phase does to the cluster.
//
// Read work.go first: Work is what to do in a phase, and Actions lists it as writes.
// tiers.go brings tiers to a release, keeps or holds them, and says when a tier is where
// it should be. traffic.go routes users to web or to the maintenance page.
package actions
