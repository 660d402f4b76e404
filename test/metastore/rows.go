// SPDX-License-Identifier: Apache-2.0

package metastore

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Query makes psql print every row of the tables in the schema public, in the
// form that ParseRows reads: with --no-align, --tuples-only and a tab as
// --field-separator.
const Query = `SELECT format('SELECT %L, row_to_json(t)::text FROM public.%I t', tablename, tablename)
FROM pg_tables WHERE schemaname = 'public' ORDER BY 1 \gexec
`

// Rows has the rows of each table that is not empty.
type Rows map[string][]Row

// Row has the value of each column, as JSON.
type Row map[string]json.RawMessage

// ParseRows parses the output of psql for Query. The error quotes an invalid
// line.
func ParseRows(printed string) (Rows, error) {
	rows := Rows{}
	for line := range strings.Lines(printed) {
		table, values, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		row := Row{}
		if !ok {
			return nil, fmt.Errorf("no row of a table: %.200q", line)
		}
		if err := json.Unmarshal([]byte(values), &row); err != nil {
			return nil, fmt.Errorf("reading a row of %s: %w", table, err)
		}
		rows[table] = append(rows[table], row)
	}
	return rows, nil
}

// Count is the number of all rows.
func (r Rows) Count() int {
	count := 0
	for _, rows := range r {
		count += len(rows)
	}
	return count
}

// Change describes how the rows of one table have changed.
type Change struct {
	Table string
	// Lost rows are missing or changed; Gained ones are new.
	Lost, Gained int
	// Example is a lost row, or else a gained one.
	Example string
}

// Diff compares with a later state, table by table, over the columns that both
// have. ignored lists, by table, columns that change without user action. Tables
// without a change are left out.
func (r Rows) Diff(later Rows, ignored map[string][]string) []Change {
	tables := maps.Clone(r)
	maps.Copy(tables, later)
	var out []Change
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		columns := shared(r[table], later[table], ignored[table])
		left := map[string]int{}
		for _, row := range later[table] {
			left[row.text(columns)]++
		}
		change := Change{Table: table}
		for _, row := range r[table] {
			text := row.text(columns)
			if left[text]--; left[text] < 0 {
				change.Lost++
				change.Example = text
			}
		}
		if change.Gained = len(later[table]) - len(r[table]) + change.Lost; change.Lost+change.Gained > 0 {
			out = append(out, change.withExample(left))
		}
	}
	return out
}

func (c Change) withExample(left map[string]int) Change {
	for _, text := range slices.Sorted(maps.Keys(left)) {
		if c.Example == "" && left[text] > 0 {
			c.Example = text
		}
	}
	return c
}

// shared are the columns, sorted, that rows of both states have; if one state has
// no rows, those of the other.
func shared(before, after []Row, ignored []string) []string {
	of, other := before, after
	if len(of) == 0 {
		of, other = after, before
	}
	var columns []string
	for _, column := range slices.Sorted(maps.Keys(of[0])) {
		there := len(other) == 0
		if !there {
			_, there = other[0][column]
		}
		if there && !slices.Contains(ignored, column) {
			columns = append(columns, column)
		}
	}
	return columns
}

func (r Row) text(columns []string) string {
	values := strings.Builder{}
	for _, column := range columns {
		_, _ = fmt.Fprintf(&values, "%s=%s ", column, r[column])
	}
	return strings.TrimSuffix(values.String(), " ")
}
