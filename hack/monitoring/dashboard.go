// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// board is one dashboard.
type board struct {
	uid, title, description string
	// variables after the data source.
	variables []variable
	// edges is true to mark the begin of each phase and of each run.
	edges bool
	rows  []row
}

// row is a row of panels with a title.
type row struct {
	title  string
	panels []panel
}

// variable is a choice of values of a label.
type variable struct {
	name, label string
	// metric, with its matchers, and its label that has the values.
	metric, from string
	// one is true if exactly one value is selected.
	one bool
}

// tag of each dashboard. By it they link to each other.
const tag = "superset-operator"

// json is the dashboard as Grafana reads it.
func (b *board) json() ([]byte, error) {
	// The schema that Grafana's sidecar and releases before 12 read.
	d := dashboard.NewDashboard()
	d.Uid, d.Title, d.Description, d.Tags = &b.uid, &b.title, &b.description, []string{tag}
	d.Refresh, d.Time = ptr("30s"), &dashboard.DashboardDashboardTime{From: "now-24h", To: "now"}
	d.GraphTooltip = ptr(dashboard.DashboardCursorSyncCrosshair)
	link := dashboard.NewDashboardLink()
	link.Title, link.Type, link.Tags = "Superset operator", dashboard.DashboardLinkTypeDashboards, []string{tag}
	link.IncludeVars, link.KeepTime, link.Placement = true, true, nil
	d.Links = []dashboard.DashboardLink{*link}
	d.Templating.List = b.choices()
	if b.edges {
		d.Annotations.List = []dashboard.AnnotationQuery{
			edge("Phases", "blue", `max by (namespace, name, phase) (superset_operator_upgrade_phase{namespace=~"$namespace", name=~"$name"} == 1) * on (namespace, name) group_left () `+
				per("upgrade_phase_start_timestamp_seconds", "")+` * 1000`, "{{phase}}"),
			edge("Runs", "purple", per("upgrade_start_timestamp_seconds", "")+` * 1000`, "a run begins"),
		}
	}
	panels, err := b.layout()
	if err != nil {
		return nil, err
	}
	d.Panels = panels
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d); err != nil {
		return nil, fmt.Errorf("encoding the dashboard: %w", err)
	}
	return out.Bytes(), nil
}

// layout places the panels in rows of 24 columns.
func (b *board) layout() ([]dashboard.PanelOrRowPanel, error) {
	var out []dashboard.PanelOrRowPanel
	var id, x, y, tallest uint32
	for i := range b.rows {
		y, x, tallest = y+tallest, 0, 0
		id++
		head := dashboard.NewRowPanel()
		head.Id, head.Title, head.Panels = id, &b.rows[i].title, []dashboard.Panel{}
		head.GridPos = &dashboard.GridPos{H: 1, W: 24, Y: y}
		out = append(out, dashboard.PanelOrRowPanel{RowPanel: head})
		y++
		for j := range b.rows[i].panels {
			p := &b.rows[i].panels[j]
			if x+p.width > 24 {
				y, x, tallest = y+tallest, 0, 0
			}
			id++
			built, err := p.build(id, dashboard.GridPos{H: p.height, W: p.width, X: x, Y: y})
			if err != nil {
				return nil, err
			}
			out = append(out, dashboard.PanelOrRowPanel{Panel: &built})
			x, tallest = x+p.width, max(tallest, p.height)
		}
	}
	return out, nil
}

// choices are the variables: the data source first.
func (b *board) choices() []dashboard.VariableModel {
	first := dashboard.NewVariableModel()
	first.Type, first.Name, first.Label = dashboard.VariableTypeDatasource, "datasource", ptr("Data source")
	first.Query = &dashboard.StringOrMap{String: ptr("prometheus")}
	out := []dashboard.VariableModel{*first}
	for _, v := range b.variables {
		m := dashboard.NewVariableModel()
		text := fmt.Sprintf("label_values(%s, %s)", v.metric, v.from)
		m.Type, m.Name, m.Label, m.Datasource = dashboard.VariableTypeQuery, v.name, ptr(v.label), &source
		m.Query = &dashboard.StringOrMap{Map: map[string]any{"query": text, "refId": v.name}}
		m.Definition, m.Sort = &text, ptr(dashboard.VariableSortAlphabeticalAsc)
		m.Refresh = ptr(dashboard.VariableRefreshOnTimeRangeChanged)
		m.Multi, m.IncludeAll = ptr(!v.one), ptr(!v.one)
		if !v.one {
			m.AllValue = ptr(".*")
			m.Current = &dashboard.VariableOption{
				Text:  dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
				Value: dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
			}
		}
		out = append(out, *m)
	}
	return out
}

// edge marks the times that are the values of a query, in milliseconds since 1970.
func edge(name, color, expr, title string) dashboard.AnnotationQuery {
	out := dashboard.NewAnnotationQuery()
	out.Name, out.IconColor, out.Datasource, out.Expr = name, color, &source, &expr
	out.UseValueForTime, out.Step, out.Placement = ptr(true), ptr("60s"), nil
	out.TitleFormat, out.TextFormat = &title, ptr("{{namespace}}/{{name}}")
	return *out
}

// per is a gauge of the state of the selected Supersets: the highest value of all replicas of the
// operator, with further labels such as ", phase", and further matchers.
func per(metric, labels string, matchers ...string) string {
	selected := `namespace=~"$namespace", name=~"$name"`
	for _, m := range matchers {
		selected += ", " + m
	}
	return fmt.Sprintf("max by (namespace, name%s) (superset_operator_%s{%s})", labels, metric, selected)
}

// countOf is the number of series of an expression; 0 for none.
func countOf(expr string) string { return "count(" + expr + ") or vector(0)" }
