// SPDX-License-Identifier: Apache-2.0

package metastore

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Schema is the definition of each object by its type and name, such as
// "TABLE dashboards" or "FK CONSTRAINT slices slices_created_by_fk_fkey".
type Schema map[string]string

// entry is the comment that pg_dump writes above each object.
var entry = regexp.MustCompile(`(?m)^-- Name: (.*); Type: (.*); Schema: .*$`)

// ParseSchema parses the output of pg_dump --schema-only. Lines that differ
// between dumps of the same schema are ignored, and so is the order of a table's
// columns, which changes when a column is dropped and added again.
func ParseSchema(dump string) Schema {
	schema := Schema{}
	found := entry.FindAllStringSubmatchIndex(dump, -1)
	for i, at := range found {
		end := len(dump)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		kind, name := dump[at[4]:at[5]], dump[at[2]:at[3]]
		lines := definition(dump[at[1]:end])
		if kind == "TABLE" {
			slices.Sort(lines)
		}
		schema[kind+" "+name] = strings.Join(lines, "\n")
	}
	return schema
}

func definition(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(strings.TrimSpace(line), ",")
		noise := line == "" || strings.HasPrefix(line, "--") || strings.HasPrefix(line, `\`) || strings.HasPrefix(line, "SET default_")
		if !noise {
			lines = append(lines, line)
		}
	}
	return lines
}

// Diff lists the differences of a later state, one line for each object: "left
// over", "gone" or "changed", the object, and for a changed one its lines in both
// states.
func (s Schema) Diff(later Schema) []string {
	var out []string
	for _, object := range slices.Sorted(maps.Keys(s)) {
		switch now, there := later[object]; {
		case !there:
			out = append(out, "gone: "+object)
		case now != s[object]:
			out = append(out, fmt.Sprintf("changed: %s: %s became %s", object, only(s[object], now), only(now, s[object])))
		}
	}
	for _, object := range slices.Sorted(maps.Keys(later)) {
		if _, there := s[object]; !there {
			out = append(out, "left over: "+object)
		}
	}
	return out
}

// only returns the lines of a text that are not in another one.
func only(text, other string) string {
	others := strings.Split(other, "\n")
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if !slices.Contains(others, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
