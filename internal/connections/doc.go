// SPDX-License-Identifier: Apache-2.0

// Package connections renders how pods reach the metadata database, Redis and the broker of Celery:
// the variables of a container, and the files of TLS. Secrets are references. It has no side
// effects.
//
// Start with [Runtime]. The URLs of connections by parts are made in Python, by
// [github.com/superset-operator/superset-operator/internal/superset.Connections].
package connections
