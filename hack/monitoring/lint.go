// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// page is a dashboard as it is shipped: what the rules look at.
type page struct {
	UID           string   `json:"uid"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Tags          []string `json:"tags"`
	SchemaVersion int      `json:"schemaVersion"`
	Panels        []shown  `json:"panels"`
	Templating    struct {
		List []choice `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []mark `json:"list"`
	} `json:"annotations"`
}

type shown struct {
	ID          int      `json:"id"`
	Type        string   `json:"type"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Datasource  origin   `json:"datasource"`
	GridPos     place    `json:"gridPos"`
	Targets     []target `json:"targets"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
}

type target struct {
	Datasource   origin `json:"datasource"`
	Expr         string `json:"expr"`
	LegendFormat string `json:"legendFormat"`
	Format       string `json:"format"`
	RefID        string `json:"refId"`
	Instant      bool   `json:"instant"`
}

type origin struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type place struct{ H, W, X, Y int }

type choice struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Definition string `json:"definition"`
	Datasource origin `json:"datasource"`
}

type mark struct {
	Name       string `json:"name"`
	Expr       string `json:"expr"`
	Datasource origin `json:"datasource"`
}

// lint returns what is wrong with the dashboards.
func lint(all map[string][]byte) []string {
	var problems []string
	uids := map[string]bool{}
	for file, content := range all {
		var p page
		if err := json.Unmarshal(content, &p); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", file, err))
			continue
		}
		if uids[p.UID] {
			problems = append(problems, fmt.Sprintf("%s: another dashboard has the uid %s", file, p.UID))
		}
		uids[p.UID] = true
		for _, problem := range slices.Concat(p.head(), p.grid(), p.contents(), p.used()) {
			problems = append(problems, file+": "+problem)
		}
	}
	return problems
}

// head checks the dashboard itself.
func (p *page) head() (out []string) {
	if p.UID == "" || p.Title == "" || p.SchemaVersion == 0 || !slices.Contains(p.Tags, tag) || !strings.HasSuffix(p.Description, ".") {
		out = append(out, "the dashboard has no uid, title, schema version, tag or description")
	}
	for _, a := range p.Annotations.List {
		if a.Name == "" || a.Expr == "" || a.Datasource != selected {
			out = append(out, fmt.Sprintf("annotation %q has no name or query, or not the data source of the variable", a.Name))
		}
	}
	return out
}

// grid checks that no panel overlaps another one or leaves the 24 columns, and that each id is
// unique.
func (p *page) grid() (out []string) {
	ids := map[int]bool{}
	for i, a := range p.Panels {
		if a.ID == 0 || ids[a.ID] {
			out = append(out, fmt.Sprintf("panel %q has the id %d, which is 0 or that of another panel", a.Title, a.ID))
		}
		ids[a.ID] = true
		if g := a.GridPos; g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > 24 {
			out = append(out, fmt.Sprintf("panel %q is outside of the 24 columns: %+v", a.Title, g))
		}
		for _, b := range p.Panels[i+1:] {
			if a.GridPos.overlaps(b.GridPos) {
				out = append(out, fmt.Sprintf("panel %q overlaps %q", a.Title, b.Title))
			}
		}
	}
	return out
}

func (g place) overlaps(h place) bool {
	return g.X < h.X+h.W && h.X < g.X+g.W && g.Y < h.Y+h.H && h.Y < g.Y+g.H
}

// contents checks each panel, and that its title is unique within its row.
func (p *page) contents() (out []string) {
	titles := map[string]bool{}
	for _, a := range p.Panels {
		if a.Type == "row" {
			titles = map[string]bool{}
		}
		if a.Title == "" || titles[a.Title] {
			out = append(out, fmt.Sprintf("panel %d has no title, or that of another panel in its row: %q", a.ID, a.Title))
		}
		titles[a.Title] = true
		if a.Type == "row" {
			continue
		}
		for _, problem := range slices.Concat(a.itself(), a.queries()) {
			out = append(out, fmt.Sprintf("panel %q %s", a.Title, problem))
		}
	}
	return out
}

// selected is the data source that the variable selects.
var selected = origin{Type: "prometheus", UID: "${datasource}"}

func (a *shown) itself() (out []string) {
	if !strings.HasSuffix(strings.TrimSpace(a.Description), ".") {
		out = append(out, "has no description that is a sentence")
	}
	if a.FieldConfig.Defaults.Unit == "" {
		out = append(out, "has no unit")
	}
	if a.Datasource != selected {
		out = append(out, "has not the data source of the variable")
	}
	if len(a.Targets) == 0 {
		out = append(out, "has no query")
	}
	return out
}

func (a *shown) queries() (out []string) {
	refs := map[string]bool{}
	for _, t := range a.Targets {
		if refs[t.RefID] || t.RefID == "" {
			out = append(out, fmt.Sprintf("has two queries %q", t.RefID))
		}
		refs[t.RefID] = true
		if t.Datasource != selected {
			out = append(out, "has a query without the data source of the variable")
		}
		if t.Format != "table" && (t.LegendFormat == "" || t.LegendFormat == "__auto") {
			out = append(out, "has a query without a legend")
		}
		if !t.Instant && strings.Contains(t.Expr, "$__range") {
			out = append(out, "shows $__range over time: use $__rate_interval")
		}
	}
	return out
}

// dollar is a variable in a query; those of Grafana begin with two underscores.
var dollar = regexp.MustCompile(`\$\{?([A-Za-z]\w*)`)

// variables are the variables in all queries of a dashboard.
func (p *page) variables() map[string]bool {
	texts := []string{"$datasource"} // itself and queries check its use
	for _, a := range p.Panels {
		for _, t := range a.Targets {
			texts = append(texts, t.Expr)
		}
	}
	for _, a := range p.Annotations.List {
		texts = append(texts, a.Expr)
	}
	for _, v := range p.Templating.List {
		texts = append(texts, v.Definition)
	}
	out := map[string]bool{}
	for _, match := range dollar.FindAllStringSubmatch(strings.Join(texts, "\n"), -1) {
		out[match[1]] = true
	}
	return out
}

// used checks that each variable is used, and that each one that is used exists.
func (p *page) used() (out []string) {
	found, known := p.variables(), map[string]bool{}
	for _, v := range p.Templating.List {
		known[v.Name] = true
		if !found[v.Name] {
			out = append(out, "no query uses the variable "+v.Name)
		}
		if v.Type == "query" && v.Datasource != selected {
			out = append(out, "the variable "+v.Name+" has not the data source of the variable")
		}
	}
	for name := range found {
		if !known[name] {
			out = append(out, "there is no variable "+name)
		}
	}
	return out
}
