// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// timeline draws the states of each series as a row of colored bars, with a legend.
func (p *picture) timeline(q *panel, b box, all []series) {
	letters := 0
	for i := range all {
		letters = max(letters, utf8.RuneCountInString(all[i].name))
	}
	names := min(b.w*0.25, float64(letters)*glyph*11+8)
	body := b.inner(names, 0, 0, 34)
	x := p.timeAxis(body)
	each := min(30, body.h/float64(len(all)))
	seen := map[string]string{}
	for i := range all {
		y := body.y + each*float64(i)
		p.text(b.x, y+each/2+4, names-6, style{size: 11, color: colorOf("text"), anchor: atStart}, all[i].name)
		for _, s := range p.states(all[i].points) {
			text, color := q.show(s.value)
			seen[text] = color
			bar := box{x(s.from), y + 1, max(1, x(s.to)-x(s.from)), each - 2}
			p.rect(bar, color, "")
			if float64(utf8.RuneCountInString(text))*glyph*10+4 < bar.w && each >= 14 {
				p.text(bar.x+3, y+each/2+4, bar.w, style{size: 10, color: on(color), anchor: atStart}, text)
			}
		}
	}
	p.legend(box{b.x, b.y + b.h - 14, b.w, 14}, entries(seen))
}

// on is a color of text that is legible on a color.
func on(color string) string {
	if slices.Contains([]string{colorOf("light-blue"), colorOf("light-purple")}, color) {
		return colorOf("text")
	}
	return "#ffffff"
}

// state is a value that lasts.
type state struct{ from, to, value float64 }

// states merges points of the same value. A gap of more than two steps ends a state.
func (p *picture) states(points []point) (out []state) {
	step := float64(p.step)
	for _, v := range points {
		last := len(out) - 1
		if last >= 0 && v.at-out[last].to <= step+0.5 {
			out[last].to = v.at
			if out[last].value == v.value {
				out[last].to += step
				continue
			}
		}
		out = append(out, state{v.at, v.at + step, v.value})
	}
	for i := range out[:max(0, len(out)-1)] {
		out[i].to = min(out[i].to, out[i+1].from)
	}
	return out
}

// entry is one entry of a legend.
type entry struct{ name, color string }

// entries are the states in the order of their names.
func entries(seen map[string]string) (out []entry) {
	for name, color := range seen {
		out = append(out, entry{name, color})
	}
	slices.SortFunc(out, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return out
}

// entryWidth is the width of an entry with its color.
func entryWidth(e entry) float64 { return 26 + float64(utf8.RuneCountInString(e.name))*glyph*10 }

// legend writes entries in lines from the top of a box; what has no place is counted by "…".
func (p *picture) legend(b box, all []entry) {
	x, y := b.x, b.y+10
	for i, e := range all {
		width := min(b.w, entryWidth(e))
		if x > b.x && x+width > b.x+b.w {
			x, y = b.x, y+14
		}
		if y > b.y+b.h {
			return
		}
		if y+14 > b.y+b.h && i < len(all)-1 && x+width+16 > b.x+b.w {
			p.text(x, y, 14, style{size: 10, color: colorOf("muted"), anchor: atStart}, "…")
			return
		}
		p.rect(box{x, y - 7, 10, 7}, e.color, "")
		p.text(x+13, y, width-14, style{size: 10, color: colorOf("muted"), anchor: atStart}, e.name)
		x += width
	}
}

// lines is how many lines a legend takes in a width.
func lines(all []entry, width float64) int {
	n, x := 1, 0.0
	for _, e := range all {
		w := min(width, entryWidth(e))
		if x > 0 && x+w > width {
			n, x = n+1, 0
		}
		x += w
	}
	return n
}
