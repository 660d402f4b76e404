// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"strings"
)

// graph draws each series as a line, or stacked as areas, with a legend.
func (p *picture) graph(q *panel, b box, all []series) {
	stacked := q.FieldConfig.Defaults.Custom.Stacking.Mode == "normal"
	var legend []entry
	for i := range all {
		legend = append(legend, entry{all[i].name, palette[i%len(palette)]})
	}
	rows := min(4, lines(legend, b.w))
	body := b.inner(52, 4, 4, 20+14*float64(rows))
	below := map[float64]float64{}
	var shown []series
	for i := range all {
		s := all[i]
		if stacked {
			s = raised(s, below)
		}
		shown = append(shown, s)
	}
	low, high := bounds(shown, stacked)
	y := p.valueAxis(q, body, low, high)
	x := p.timeAxis(body)
	for i := len(shown) - 1; i >= 0; i-- { // the highest of a stack is behind the others
		p.plotLine(shown[i], legend[i].color, axes{x, y, body.y + body.h}, stacked)
	}
	p.legend(box{b.x, b.y + b.h - 14*float64(rows) + 2, b.w, 14 * float64(rows)}, legend)
}

// raised puts a series on those below it.
func raised(s series, below map[float64]float64) series {
	out := series{name: s.name}
	for _, v := range s.points {
		below[v.at] += v.value
		out.points = append(out.points, point{v.at, below[v.at]})
	}
	return out
}

// bounds are the lowest and the highest value, with 0 unless all values are far from it.
func bounds(all []series, stacked bool) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for i := range all {
		for _, v := range all[i].points {
			low, high = min(low, v.value), max(high, v.value)
		}
	}
	if stacked || low > 0 && low < 0.8*high || low == high {
		low = min(0, low)
	}
	if high <= low {
		high = low + 1
	}
	return low, high
}

// valueAxis writes the values on the left of a box, and returns where a value is.
func (p *picture) valueAxis(q *panel, b box, low, high float64) func(v float64) float64 {
	unit := q.FieldConfig.Defaults.Unit
	step := nice((high-low)/max(1, math.Floor(b.h/30)), unit)
	low, high = math.Floor(low/step)*step, math.Ceil(high/step-1e-9)*step
	y := func(v float64) float64 { return b.y + b.h - (v-low)/(high-low)*b.h }
	for i := 0; float64(i)*step <= high-low+step/2; i++ {
		v := low + float64(i)*step
		p.line(b.x, y(v), b.x+b.w, y(v), colorOf("grid"))
		p.text(b.x-5, y(v)+3, 48, style{size: 10, color: colorOf("muted"), anchor: atEnd}, format(v, unit))
	}
	return y
}

// nice is a step of an axis that reads well.
func nice(step float64, unit string) float64 {
	factor := 1.0
	if unit == "bytes" {
		for factor*1024 <= step {
			factor *= 1024
		}
	}
	power := math.Pow(10, math.Floor(math.Log10(step/factor)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*power*factor >= step {
			return m * power * factor
		}
	}
	return 10 * power * factor
}

// axes say where a time and a value are, and where the lowest value is.
type axes struct {
	x, y func(float64) float64
	base float64
}

// plotLine draws a series as a line, or as an area, that is broken where values are missing.
func (p *picture) plotLine(s series, color string, a axes, filled bool) {
	for _, part := range p.parts(s.points) {
		var path strings.Builder
		command := "M"
		for i, v := range part {
			if i > 0 && i+1 < len(part) && part[i-1].value == v.value && part[i+1].value == v.value {
				continue // in the middle of a flat part
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", command, a.x(v.at), a.y(v.value))
			command = "L"
		}
		if filled {
			p.add(`<path d="%sL%.1f %.1fL%.1f %.1fZ" fill="%s"/>`, path.String(), a.x(part[len(part)-1].at), a.base, a.x(part[0].at), a.base, color)
			continue
		}
		p.add(`<path d="%s" stroke="%s" stroke-width="1.5" stroke-linecap="round"/>`, path.String(), color)
	}
}

// parts divides points where values are missing.
func (p *picture) parts(points []point) (out [][]point) {
	begin := 0
	for i := range points {
		if i+1 == len(points) || points[i+1].at-points[i].at > 1.5*float64(p.step) {
			out, begin = append(out, points[begin:i+1]), i+1
		}
	}
	return out
}
