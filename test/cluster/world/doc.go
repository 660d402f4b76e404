// SPDX-License-Identifier: Apache-2.0

// Package world simulates, in a cluster with simulated nodes, what the operator's
// Jobs do inside Superset's image, and stores the state of their databases: the
// alembic revision. It also keeps a pod waiting, with the kubelet's messages,
// while a Secret that it refers to is missing.
//
// Read [World.Run] first; behavior.go lists the behaviors that a manifest can
// choose. The world writes only to pods that no stage of kwok matches.
package world
