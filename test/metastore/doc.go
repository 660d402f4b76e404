// SPDX-License-Identifier: Apache-2.0

// Package metastore compares two states of a Superset's metadata database: what
// pg_dump says of its schema, and the rows of its tables. It reads text that
// others asked the database for, and so needs none itself.
package metastore
