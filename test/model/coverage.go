// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// Table returns every row of the table of phases, parsed from the diagram of lifecycle.
func Table() ([]Move, error) {
	text, err := lifecycle.Diagram()
	if err != nil {
		return nil, fmt.Errorf("reading the table: %w", err)
	}
	var out []Move
	for line := range strings.Lines(text) {
		from, rest, isRow := strings.Cut(strings.TrimSpace(line), " --> ")
		_, event, named := strings.Cut(rest, ": ")
		if isRow && named && from != "[*]" {
			out = append(out, Move{v1alpha1.Phase(from), lifecycle.Event(event)})
		}
	}
	return out, nil
}

// Missed returns the rows of the table that no search has taken.
func Missed(searches []Search) ([]Move, error) {
	table, err := Table()
	if err != nil {
		return nil, err
	}
	var out []Move
	for _, row := range table {
		taken := 0
		for i := range searches {
			taken += searches[i].Moves[row]
		}
		if taken == 0 {
			out = append(out, row)
		}
	}
	return out, nil
}
