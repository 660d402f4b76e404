// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// panel is one panel of a dashboard.
type panel struct {
	title, description string
	kind               kind
	// unit of the values, as Grafana names it; none for numbers and names.
	unit string
	// width in columns of 24, and height in rows.
	width, height uint32
	queries       []query
	// values are texts and colors of values; nil for none.
	values map[string]value
	// bad is the value from which the color is that of a problem; 0 for never.
	bad float64
	// stack stacks the series.
	stack bool
	// columns of a table by the name of the field, in order. An empty title hides one.
	columns []column
}

// query is one query of a panel.
type query struct {
	expr string
	// legend is the name of a series, with labels such as {{phase}}.
	legend string
}

// value is how a value is shown.
type value struct{ text, color string }

// column of a table. A link may have ${__data.fields.TITLE} of another column.
type column struct{ field, title, unit, link string }

// kind is how a panel shows its queries.
type kind string

// The kinds of panels.
const (
	number   kind = "number"   // the newest value of each series, large
	name     kind = "name"     // the name of each series, large
	bars     kind = "bars"     // the newest value of each series, as bars
	graph    kind = "graph"    // the values over time
	timeline kind = "timeline" // the states over time
	list     kind = "list"     // a table
)

// instant is true for a kind that shows the newest values only.
func (k kind) instant() bool { return k != graph && k != timeline }

// source is the data source that the variable selects.
var source = common.DataSourceRef{Type: ptr("prometheus"), Uid: ptr("${datasource}")}

// build is the panel in Grafana's types, at a position.
func (p *panel) build(id uint32, at dashboard.GridPos) (dashboard.Panel, error) {
	out, err := p.visual()
	if err != nil {
		return dashboard.Panel{}, fmt.Errorf("building the panel %q: %w", p.title, err)
	}
	out.Id, out.Title, out.Description = &id, &p.title, &p.description
	out.Datasource, out.GridPos = &source, &at
	for i, q := range p.queries {
		out.Targets = append(out.Targets, p.target(q, i))
	}
	if out.FieldConfig == nil {
		out.FieldConfig = dashboard.NewFieldConfigSource()
	}
	fields := &out.FieldConfig.Defaults
	fields.Unit = &p.unit
	fields.Thresholds = &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: p.steps()}
	if p.kind != graph {
		fields.Color = &dashboard.FieldColor{Mode: dashboard.FieldColorModeIdThresholds}
	}
	if len(p.values) > 0 {
		fields.Mappings = []dashboard.ValueMapping{{ValueMap: p.mapping()}}
	}
	p.arrange(&out)
	return out, nil
}

// visual is an empty panel of the kind.
func (p *panel) visual() (dashboard.Panel, error) {
	newest := common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})
	switch p.kind {
	case number:
		return stat.NewPanelBuilder().GraphMode(common.BigValueGraphModeNone).ReduceOptions(newest).Build()
	case name:
		return stat.NewPanelBuilder().GraphMode(common.BigValueGraphModeNone).ReduceOptions(newest).
			TextMode(common.BigValueTextModeName).Build()
	case bars:
		return bargauge.NewPanelBuilder().ReduceOptions(newest).Orientation(common.VizOrientationHorizontal).
			DisplayMode(common.BarGaugeDisplayModeBasic).Build()
	case timeline:
		return statetimeline.NewPanelBuilder().MergeValues(true).ShowValue(common.VisibilityModeAuto).
			Legend(common.NewVizLegendOptionsBuilder().ShowLegend(false).DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom)).Build()
	case list:
		out, err := table.NewPanelBuilder().Filterable(true).Build()
		if options, ok := out.Options.(*table.Options); ok {
			options.Footer = nil // the default one is invalid
		}
		return out, err
	default:
		b := timeseries.NewPanelBuilder().FillOpacity(10).ShowPoints(common.VisibilityModeNever).
			Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom))
		if p.stack {
			b = b.FillOpacity(60).Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal))
		}
		return b.Build()
	}
}

// target is a query in Grafana's types.
func (p *panel) target(q query, i int) prometheus.Dataquery {
	out := *prometheus.NewDataquery()
	out.Datasource, out.Expr, out.RefId = &source, q.expr, ptr(string(rune('A'+i)))
	out.Instant, out.Range = ptr(p.kind.instant()), ptr(!p.kind.instant())
	if p.kind == list {
		out.Format = ptr(prometheus.PromQueryFormatTable)
		return out
	}
	out.LegendFormat = &q.legend
	return out
}

// Colors of states.
const (
	good    = "green"
	problem = "red"
	neutral = "blue"
)

// steps are the colors of values. The first one has no lower bound.
func (p *panel) steps() []dashboard.Threshold {
	if p.bad == 0 {
		return []dashboard.Threshold{{Color: neutral}}
	}
	return []dashboard.Threshold{{Color: good}, {Value: &p.bad, Color: problem}}
}

func (p *panel) mapping() *dashboard.ValueMap {
	out := dashboard.NewValueMap()
	for v, show := range p.values {
		out.Options[v] = dashboard.ValueMappingResult{Text: ptr(show.text), Color: ptr(show.color)}
	}
	return out
}

// arrange merges the queries of a table into one row for each Superset, and names, orders and
// hides its columns.
func (p *panel) arrange(out *dashboard.Panel) {
	if p.kind != list {
		return
	}
	hide, rename, order := map[string]bool{"Time": true}, map[string]string{}, map[string]int{}
	for i, c := range p.columns {
		order[c.field] = i
		if c.title == "" {
			hide[c.field] = true
			continue
		}
		rename[c.field] = c.title
		if properties := c.properties(); len(properties) > 0 {
			out.FieldConfig.Overrides = append(out.FieldConfig.Overrides, dashboard.DashboardFieldConfigSourceOverrides{
				Matcher: dashboard.MatcherConfig{Id: "byName", Options: c.title}, Properties: properties})
		}
	}
	out.Transformations = []dashboard.DataTransformerConfig{
		{Id: "merge", Options: map[string]any{}},
		{Id: "organize", Options: map[string]any{"excludeByName": hide, "renameByName": rename, "indexByName": order}},
	}
}

// properties are what a column has of its own.
func (c *column) properties() (out []dashboard.DynamicConfigValue) {
	if c.unit != "" {
		out = append(out, dashboard.DynamicConfigValue{Id: "unit", Value: c.unit})
	}
	if c.link != "" {
		out = append(out, dashboard.DynamicConfigValue{Id: "links", Value: []map[string]string{{"title": "Open " + c.title, "url": c.link}}})
	}
	return out
}

func ptr[T any](v T) *T { return &v }
