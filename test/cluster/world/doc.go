// SPDX-License-Identifier: Apache-2.0

// Package world plays, in a cluster whose nodes are simulated, what the
// operator's Jobs would do inside Superset's image, and remembers what their
// databases would know: the alembic revision. It also keeps a pod waiting, with
// the kubelet's words, while a Secret that it refers to is missing.
//
// Read [World.Run] first; behavior.go lists what a manifest can choose. The
// world writes to pods that no stage of kwok matches, and to no others.
package world
