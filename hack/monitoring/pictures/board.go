// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// board is what is read of a dashboard.
type board struct {
	UID, Title string
	Panels     []panel
}

// panel is one panel, or the title of a row.
type panel struct {
	Type, Title string
	GridPos     struct{ H, W, X, Y int }
	Targets     []struct{ Expr, LegendFormat, RefID string }
	Options     struct{ TextMode string }
	FieldConfig struct {
		Defaults struct {
			Unit     string
			Mappings []struct {
				Options map[string]struct{ Text, Color string }
			}
			Thresholds struct{ Steps []threshold }
			Custom     struct{ Stacking struct{ Mode string } }
		}
		Overrides []struct {
			Matcher    struct{ Options string }
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
	Transformations []struct {
		ID      string
		Options struct {
			ExcludeByName map[string]bool
			IndexByName   map[string]int
			RenameByName  map[string]string
		}
	}
}

// threshold is a color from a value on. The first has none.
type threshold struct {
	Value *float64
	Color string
}

func readBoard(file string) (*board, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a dashboard: %w", err)
	}
	b := &board{}
	if err := json.Unmarshal(content, b); err != nil {
		return nil, fmt.Errorf("reading the dashboard %s: %w", file, err)
	}
	return b, nil
}

// one is true for a dashboard of one Superset.
func (b *board) one() bool { return strings.HasSuffix(b.UID, "-instance") }

// height of the dashboard in rows.
func (b *board) height() (rows int) {
	for i := range b.Panels {
		rows = max(rows, b.Panels[i].GridPos.Y+b.Panels[i].GridPos.H)
	}
	return rows
}

// overTime is true for a panel that shows values over time.
func (p *panel) overTime() bool { return p.Type == "timeseries" || p.Type == "state-timeline" }

// show is the text and the color of a value.
func (p *panel) show(v float64) (text, color string) {
	d := &p.FieldConfig.Defaults
	text, color = format(v, d.Unit), colorOf("text")
	for i, step := range d.Thresholds.Steps {
		if step.Value == nil || v >= *step.Value {
			if color = colorOf(step.Color); i == 0 && len(d.Thresholds.Steps) == 1 {
				color = colorOf("blue")
			}
		}
	}
	for _, m := range d.Mappings {
		if mapped, ok := m.Options[format(v, "none")]; ok {
			return mapped.Text, colorOf(mapped.Color)
		}
	}
	return text, color
}
