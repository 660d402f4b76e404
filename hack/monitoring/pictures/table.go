// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// table draws the series of all queries merged into one row for each Superset.
func (p *picture) table(q *panel, b box, byTarget [][]series) {
	columns, rename := q.columns()
	rows := q.merged(byTarget)
	widths, total := make([]float64, len(columns)), 0.0
	for i, c := range columns {
		letters := utf8.RuneCountInString(rename[c])
		for _, r := range rows {
			letters = max(letters, utf8.RuneCountInString(r[c]))
		}
		widths[i] = float64(letters) + 2
		total += widths[i]
	}
	const line = 20.0
	shown := min(len(rows), int(b.h/line)-1)
	for i, x := 0, b.x; i < len(columns); i++ {
		width := widths[i] / total * b.w
		p.text(x, b.y+14, width-8, style{size: 11, color: colorOf("blue"), anchor: atStart, bold: true}, rename[columns[i]])
		for j, r := range rows[:shown] {
			p.text(x, b.y+14+line*float64(j+1), width-8, style{size: 11, color: colorOf("text"), anchor: atStart}, r[columns[i]])
		}
		x += width
	}
	for j := range shown {
		y := b.y + line*float64(j+1)
		p.line(b.x, y, b.x+b.w, y, colorOf("grid"))
	}
}

// columns are the fields that are shown, in order, and their titles.
func (q *panel) columns() (fields []string, titles map[string]string) {
	for _, t := range q.Transformations {
		if t.ID == "organize" {
			titles = t.Options.RenameByName
			fields = slices.SortedFunc(maps.Keys(titles), func(a, b string) int { return t.Options.IndexByName[a] - t.Options.IndexByName[b] })
		}
	}
	return fields, titles
}

// merged are the rows by field, one for each namespace and name.
func (q *panel) merged(byTarget [][]series) []map[string]string {
	rows := map[string]map[string]string{}
	for i, found := range byTarget {
		value := fmt.Sprintf("Value #%c", 'A'+i)
		for _, s := range found {
			key := s.labels["namespace"] + "/" + s.labels["name"]
			if rows[key] == nil {
				rows[key] = map[string]string{}
			}
			maps.Copy(rows[key], s.labels)
			rows[key][value] = format(s.last(), q.unitOf(value))
		}
	}
	var out []map[string]string
	for _, key := range slices.SortedFunc(maps.Keys(rows), strings.Compare) {
		out = append(out, rows[key])
	}
	return out
}

// unitOf is the unit of a field.
func (q *panel) unitOf(field string) string {
	_, titles := q.columns()
	for _, o := range q.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if unit, ok := property.Value.(string); ok && o.Matcher.Options == titles[field] && property.ID == "unit" {
				return unit
			}
		}
	}
	return q.FieldConfig.Defaults.Unit
}
