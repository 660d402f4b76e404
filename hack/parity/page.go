// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// A kind of answer.
const (
	offered     = "field"
	podTemplate = "podTemplate"
	later       = "planned"
	refused     = "no field"
)

var kinds = []string{offered, podTemplate, later, refused}

// kindOf is the kind of the answer in a row. A field that does not exist is an error, and so is
// a planned one that does.
func (r row) kindOf(spec *apiextensionsv1.JSONSchemaProps) (string, error) {
	if r.Field == none {
		if r.Remark == "" {
			return "", fmt.Errorf("%s: say why there is no field for it", r.Path)
		}
		return refused, nil
	}
	field, isPlanned := strings.CutPrefix(r.Field, planned)
	err := find(spec, field)
	switch {
	case isPlanned && err == nil:
		return "", fmt.Errorf("%s: %s exists: remove the plus sign", r.Path, field)
	case isPlanned:
		return later, nil
	case err != nil:
		return "", fmt.Errorf("%s: %w", r.Path, err)
	case strings.Contains(field, "podTemplate"):
		return podTemplate, nil
	}
	return offered, nil
}

// page renders the page.
func page(spec *apiextensionsv1.JSONSchemaProps, from []source) (string, error) {
	var counts, tables strings.Builder
	for _, s := range from {
		n := map[string]int{}
		fmt.Fprintf(&tables, "\n## %s\n\n| there | here | remark |\n|---|---|---|\n", s.Name)
		for _, r := range s.Rows {
			kind, err := r.kindOf(spec)
			if err != nil {
				return "", fmt.Errorf("%s: %w", s.File, err)
			}
			n[kind]++
			fmt.Fprintf(&tables, "| `%s` | %s | %s |\n", cell(r.Path), r.answer(kind), cell(r.Remark))
		}
		fmt.Fprintf(&counts, "| %s | %d |", s.Name, len(s.Rows))
		for _, kind := range kinds {
			fmt.Fprintf(&counts, " %d |", n[kind])
		}
		counts.WriteString("\n")
	}
	return head + counts.String() + tables.String(), nil
}

const head = `<!-- Generated from hack/parity/data by "make generate". Do not edit. -->
# Parity with the Helm chart and with Apache's operator

What each value of the Superset Helm chart, in its two layouts, and each field of Apache's operator is here. A path in the second column is below ` + "`spec`" + ` of a Superset. A test fails when a field in it does not exist, or when a planned one does.

| source | values | a field | a podTemplate | planned | no field, with the reason |
|---|---|---|---|---|---|
`

func (r row) answer(kind string) string {
	switch kind {
	case refused:
		return "none"
	case later:
		return "planned: `" + cell(strings.TrimPrefix(r.Field, planned)) + "`"
	default:
		return "`" + cell(r.Field) + "`"
	}
}

// cell escapes what would end a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
