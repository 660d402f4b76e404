// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is a value of the chart: a key of values.yaml with a comment.
type value struct {
	// path of the keys.
	path []string
	// fallback is the default.
	fallback any
	// description is the comment.
	description string
}

func (v value) name() string { return strings.Join(v.path, ".") }

// parse returns the values of values.yaml, in its order. A key without a comment is a group
// of values.
func parse(content []byte) ([]value, error) {
	document := yaml.Node{}
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 {
		return nil, errors.New("no document")
	}
	return within(document.Content[0], nil)
}

func within(group *yaml.Node, path []string) ([]value, error) {
	var out []value
	for i := 0; i+1 < len(group.Content); i += 2 {
		key, node := group.Content[i], group.Content[i+1]
		here := append(append([]string{}, path...), key.Value)
		comment := lastParagraph(key.HeadComment)
		switch {
		case comment != "":
			v := value{path: here, description: comment}
			if err := node.Decode(&v.fallback); err != nil {
				return nil, fmt.Errorf("%s: %w", v.name(), err)
			}
			out = append(out, v)
		case node.Kind == yaml.MappingNode && len(node.Content) > 0:
			inner, err := within(node, here)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
		default:
			return nil, fmt.Errorf("%s has no comment", strings.Join(here, "."))
		}
	}
	return out, nil
}

// lastParagraph is the comment directly above a key, without the signs of the comment.
func lastParagraph(comment string) string {
	if i := strings.LastIndex(comment, "\n\n"); i >= 0 {
		comment = comment[i+2:]
	}
	var lines []string
	for line := range strings.Lines(comment) {
		lines = append(lines, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "#")))
	}
	return strings.Join(lines, " ")
}

// page fills the frame of the chart's README with the table of the values.
func page(frame string, values []value) ([]byte, error) {
	const mark = "{{values}}\n"
	if strings.Count(frame, mark) != 1 {
		return nil, fmt.Errorf("README.md.tmpl must have one line %s", strings.TrimSpace(mark))
	}
	table := &strings.Builder{}
	table.WriteString("| value | default | meaning |\n|---|---|---|\n")
	for _, v := range values {
		text, err := json.Marshal(v.fallback)
		if err != nil {
			return nil, fmt.Errorf("writing the default of %s: %w", v.name(), err)
		}
		_, _ = fmt.Fprintf(table, "| `%s` | `%s` | %s |\n", v.name(), text, strings.ReplaceAll(v.description, "|", `\|`))
	}
	return []byte(strings.Replace(frame, mark, table.String(), 1)), nil
}
