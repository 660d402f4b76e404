// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// clock is the time of day in UTC.
func clock(at float64) string { return time.Unix(int64(at), 0).UTC().Format("15:04:05") }

// stats draws the newest value or the name of each series, next to each other.
func (p *picture) stats(q *panel, b box, all []series) {
	names := q.Options.TextMode == "name"
	each := b.w / float64(len(all))
	for i := range all {
		text, color := q.show(all[i].last())
		if names {
			text, color = all[i].name, colorOf("blue")
		}
		middle, size := b.x+each*(float64(i)+0.5), min(34.0, b.h*0.5)
		size = min(size, (each-6)/(glyph*1.08*float64(utf8.RuneCountInString(text))))
		withName := len(all) > 1 && !names && b.h > 44
		y := b.y + b.h/2 + size*0.36
		if withName {
			y -= 8
			p.text(middle, b.y+b.h-4, each, style{size: 11, color: colorOf("muted"), anchor: atMiddle}, all[i].name)
		}
		p.text(middle, y, each, style{size: max(9, size), color: color, anchor: atMiddle, bold: true}, text)
	}
}

// bars draws the newest values as bars, one below the other. Those that have no place are
// counted.
func (p *picture) bars(q *panel, b box, all []series) {
	const least = 17.0
	highest := 0.0
	if q.FieldConfig.Defaults.Unit == "percentunit" {
		highest = 1
	}
	letters := 0
	for i := range all {
		highest = max(highest, all[i].last())
		letters = max(letters, utf8.RuneCountInString(all[i].name))
	}
	shown := all
	if most := int(b.h / least); len(all) > most {
		shown = all[:most-1]
		p.text(b.x, b.y+b.h-3, b.w, style{size: 11, color: colorOf("muted"), anchor: atStart}, fmt.Sprintf("and %d more", len(all)-len(shown)))
	}
	each := min(30, b.h/float64(max(len(shown), min(len(all), int(b.h/least)))))
	names := min(b.w*0.5, float64(letters)*glyph*11+8)
	const values = 64.0
	room := max(10, b.w-names-values)
	for i := range shown {
		y := b.y + each*float64(i)
		text, color := q.show(shown[i].last())
		p.text(b.x, y+each/2+4, names-4, style{size: 11, color: colorOf("text"), anchor: atStart}, shown[i].name)
		p.rect(box{b.x + names, y + 2, room, each - 4}, colorOf("grid"), "")
		if highest > 0 {
			p.rect(box{b.x + names, y + 2, room * max(0, shown[i].last()) / highest, each - 4}, color, "")
		}
		p.text(b.x+b.w, y+each/2+4, values-6, style{size: 11, color: colorOf("text"), anchor: atEnd}, text)
	}
}
