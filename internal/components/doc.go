// SPDX-License-Identifier: Apache-2.0

// Package components renders what a release runs as plain objects, and judges
// the health of what runs. It is pure: no client, no clock.
//
// A Release (release.go) is the rendered specs of the component kinds and what
// Jobs need, made from a Superset's spec; its hash is its identity. A
// Descriptor (catalog.go) says how one component differs from the others; all
// that they share is in pod.go and deployment.go. No code here or elsewhere
// branches on a component's name. health.go reads a Deployment and its pods.
package components

// Renderer is the edition of the builders. It is part of a release's identity:
// raise it when a pod template comes out differently for the same spec, and the
// change reaches what runs through the machine, in stage order, instead of by
// a restart of everything at once. The golden files tell when.
const Renderer = 1
