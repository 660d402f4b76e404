// SPDX-License-Identifier: Apache-2.0

// Package metastore compares two states of a Superset's metadata database: the
// schema as printed by pg_dump, and the rows of its tables. It parses text and
// does not connect to a database.
package metastore
