// SPDX-License-Identifier: Apache-2.0

// Package state is what the upgrade machine knows of one Superset: plain values,
// no client, no clock.
//
// Read observation.go first: an Observation is everything that was read from the
// cluster at one moment. Of (of.go) turns it into a Snapshot (snapshot.go), which adds
// the facts that follow from it, each derived once per reconcile: the releases of the
// run, the schema and the secret keys (schema.go), the backups and the rehearsal
// (results.go). The packages above decide on a Snapshot and derive nothing twice.
package state
