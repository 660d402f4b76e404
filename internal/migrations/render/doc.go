// SPDX-License-Identifier: Apache-2.0

// Package render renders the Jobs of an upgrade and what they mount, pure: no client, no
// clock.
//
// Read job.go first: Job renders an Order (order.go). A Job is created once and never updated.
// Its name is derived from the owner's name and UID, the fence, the script and the attempt.
// Only the operator starts another attempt. env.go has the environment of the script,
// backup.go the other containers of its pod and the claim for backups, rehearsal.go those of a
// rehearsal, and budget.go the size of the results. configmap.go has the ConfigMap of the
// scripts, and health.go the exporter that asks the Celery broker.
package render
