// SPDX-License-Identifier: Apache-2.0

// Command parity writes docs/reference/parity.md: what each value of the Superset Helm chart and
// each field of Apache's operator is here. The answers are in data, one file for each source;
// the fields in them are looked up in the CRD.
//
// Read data.go, then field.go, then page.go.
package main
