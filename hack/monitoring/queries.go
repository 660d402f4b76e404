// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Durations in place of Grafana's variables, so that the parser accepts a query.
const (
	rateInterval = 7 * time.Minute
	fullRange    = 11 * time.Minute
)

var variables = strings.NewReplacer("$__rate_interval", "7m", "$__range", "11m")

// added are the labels that Prometheus adds to each series of a target.
var added = []string{"job", "instance"}

// checker checks queries against the metrics of the operator.
type checker struct {
	// dashboard is true for a query of a dashboard: its ranges are those of Grafana.
	dashboard bool
	// used are the names of the metrics of all queries.
	used map[string]bool
}

// check returns what is wrong with a query.
func (c *checker) check(query string) []string {
	root, err := parser.NewParser(parser.Options{}).ParseExpr(variables.Replace(query))
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	parser.Inspect(root, func(node parser.Node, path []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			problems = append(problems, c.selector(n, path)...)
		case *parser.MatrixSelector:
			if c.dashboard && n.Range != rateInterval && n.Range != fullRange {
				problems = append(problems, fmt.Sprintf("%s: the range is neither $__rate_interval nor $__range", n))
			}
		case *parser.AggregateExpr:
			problems = append(problems, c.grouping(n)...)
		}
		return nil
	})
	return problems
}

func (c *checker) selector(n *parser.VectorSelector, path []parser.Node) (out []string) {
	m := metricOf(n.Name)
	if m == nil {
		return []string{fmt.Sprintf("there is no metric %q", n.Name)}
	}
	c.used[m.Name] = true
	for _, match := range n.LabelMatchers {
		out = append(out, matcher(m, match)...)
	}
	if (m.Type == gauge) == within(path, "rate", "increase") {
		out = append(out, fmt.Sprintf("%s is a %s", n.Name, m.Type))
	}
	if m.Type == gauge && !m.Library && !merged(path) {
		out = append(out, fmt.Sprintf("%s is not merged by max: each replica of the operator has it", n.Name))
	}
	return out
}

// matcher checks that a metric has the label, and the label the values.
func matcher(m *metric, match *labels.Matcher) []string {
	if match.Name == model.MetricNameLabel || slices.Contains(added, match.Name) {
		return nil
	}
	if m.Type == histogram && match.Name == labels.BucketLabel {
		return nil
	}
	values, known := m.Labels[match.Name]
	if !known {
		return []string{fmt.Sprintf("%s has no label %s", m.Name, match.Name)}
	}
	var out []string
	for _, value := range strings.Split(match.Value, "|") {
		if len(values) > 0 && !slices.Contains(values, value) {
			out = append(out, fmt.Sprintf("the label %s of %s is never %q", match.Name, m.Name, value))
		}
	}
	return out
}

// within is true below a call of one of the functions.
func within(path []parser.Node, functions ...string) bool {
	return slices.ContainsFunc(path, func(n parser.Node) bool {
		call, ok := n.(*parser.Call)
		return ok && slices.Contains(functions, call.Func.Name)
	})
}

// merged is true below an aggregation by max, below absent, and on the right of "and on".
func merged(path []parser.Node) bool {
	return within(path, "absent") || slices.ContainsFunc(path, func(n parser.Node) bool {
		switch n := n.(type) {
		case *parser.AggregateExpr:
			return n.Op == parser.MAX
		case *parser.BinaryExpr:
			return n.Op == parser.LAND && slices.Equal(n.VectorMatching.MatchingLabels, added)
		}
		return false
	})
}

// replaced finds the label that label_replace adds.
var replaced = regexp.MustCompile(`label_replace\(.*, "(\w+)", "\$1", "(\w+)", `)

// grouping checks that the series below an aggregation have its labels.
func (*checker) grouping(n *parser.AggregateExpr) (out []string) {
	known := slices.Clone(added)
	parser.Inspect(n.Expr, func(node parser.Node, _ []parser.Node) error {
		if v, ok := node.(*parser.VectorSelector); ok {
			if m := metricOf(v.Name); m != nil {
				known = append(known, slices.Collect(maps.Keys(m.Labels))...)
				if strings.HasSuffix(v.Name, "_bucket") {
					known = append(known, labels.BucketLabel)
				}
			}
		}
		return nil
	})
	if match := replaced.FindStringSubmatch(n.Expr.String()); match != nil {
		known = append(known, match[1])
	}
	for _, l := range n.Grouping {
		if !slices.Contains(known, l) {
			out = append(out, fmt.Sprintf("%s groups by %s, which its series do not have", n, l))
		}
	}
	return out
}
