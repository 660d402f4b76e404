// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// points is how many values of a series are drawn at most.
const points = 240

// asker runs queries of a dashboard.
type asker struct {
	settings
	// step between two values, in seconds.
	step int64
	fill *strings.Replacer
}

// newAsker fills the variables of a dashboard.
func newAsker(s settings, b *board) *asker {
	namespace, name := ".*", ".*"
	if b.one() {
		namespace, name = s.namespace, s.name
	}
	length := s.to - s.from
	step := length/points + 1
	return &asker{settings: s, step: step, fill: strings.NewReplacer(
		"$__rate_interval", "15s", "$__range", strconv.FormatInt(length, 10)+"s", "$namespace", namespace, "$name", name, "$job", ".*")}
}

// point is a value at a time.
type point struct {
	at    float64 // seconds since 1970
	value float64
}

// series is a series with its name.
type series struct {
	name   string
	labels map[string]string
	points []point
}

func (s *series) last() float64 { return s.points[len(s.points)-1].value }

// ask returns the series of a query over time, or its newest values.
func (a *asker) ask(ctx context.Context, expr, legend string, overTime bool) ([]series, error) {
	values := url.Values{"query": {a.fill.Replace(expr)}}
	path := "/api/v1/query"
	if overTime {
		path += "_range"
		values.Set("start", strconv.FormatInt(a.from, 10))
		values.Set("end", strconv.FormatInt(a.to, 10))
		values.Set("step", strconv.FormatInt(a.step, 10))
	} else if a.to > 0 {
		values.Set("time", strconv.FormatInt(a.to, 10))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.address+path+"?"+values.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("asking Prometheus: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking Prometheus: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	var got answer
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil || got.Status != "success" {
		return nil, fmt.Errorf("asking Prometheus for %s: status %s, %s (%w)", values.Get("query"), response.Status, got.Error, err)
	}
	return got.series(legend)
}

// answer is what Prometheus answers.
type answer struct {
	Status, Error string
	Data          struct {
		Result []struct {
			Metric map[string]string
			Value  *[2]any
			Values [][2]any
		}
	}
}

// inLegend is a label in a legend.
var inLegend = regexp.MustCompile(`\{\{(\w+)\}\}`)

// series reads an answer. Values that are no numbers are left out.
func (a *answer) series(legend string) ([]series, error) {
	var out []series
	for _, r := range a.Data.Result {
		s := series{labels: r.Metric, name: inLegend.ReplaceAllStringFunc(legend, func(label string) string { return r.Metric[strings.Trim(label, "{}")] })}
		if r.Value != nil {
			r.Values = append(r.Values, *r.Value)
		}
		for _, v := range r.Values {
			at, isNumber := v[0].(float64)
			text, isText := v[1].(string)
			if !isNumber || !isText {
				return nil, fmt.Errorf("reading the answer of Prometheus: %v is no value", v)
			}
			if value, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(value) && !math.IsInf(value, 0) {
				s.points = append(s.points, point{at, value})
			}
		}
		if len(s.points) > 0 {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b series) int { return strings.Compare(a.name, b.name) })
	return out, nil
}
