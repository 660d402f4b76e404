// SPDX-License-Identifier: Apache-2.0

// Command chart writes the generated files of charts/superset-operator: copies of the CRDs,
// rules, alerts and dashboards that other targets generate, and the page and the schema of
// the values. Read files.go and values.go first: values.yaml is the only list of the values,
// with a comment above each. The tests render the chart by Helm's own packages.
//
// It is a module of its own, so that the operator does not depend on Helm. Its go.mod also has
// the version of the helm command.
package main
