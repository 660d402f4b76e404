// SPDX-License-Identifier: Apache-2.0

// Package scripts tests the Python scripts that run inside Superset's image
// (internal/migrations/scripts) and the rendered superset_config.py with real
// releases of Superset, a real PostgreSQL and a real Redis.
//
// Its tests need PyPI and Debian packages, so they have a build tag; README.md
// describes how to run them. Read upgrade_test.go first.
package scripts
