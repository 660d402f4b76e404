// SPDX-License-Identifier: Apache-2.0

// Package components renders the Kubernetes objects of a release, and derives the
// health of a tier from its objects. It uses no client and no clock.
//
// A Release (release.go) has the settings of the components and of the Jobs, rendered
// from the spec of a Superset. Its hash identifies it. A Descriptor (catalog.go) has
// the differences between the components; everything that they share is in pod.go and
// deployment.go. Other code does not branch on the name of a component. health.go
// derives the health from a Deployment and its pods.
package components
