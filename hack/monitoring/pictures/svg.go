// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// svg collects the shapes of a picture. All lengths are pixels.
type svg struct{ out bytes.Buffer }

// box is a rectangle.
type box struct{ x, y, w, h float64 }

// inner is the box without a margin.
func (b box) inner(left, top, right, bottom float64) box {
	return box{b.x + left, b.y + top, max(0, b.w-left-right), max(0, b.h-top-bottom)}
}

func (s *svg) add(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

func (s *svg) rect(b box, fill, extra string) {
	s.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"%s/>`, b.x, b.y, b.w, b.h, fill, extra)
}

// Where a text is, from its position.
const (
	atStart  = "start"
	atMiddle = "middle"
	atEnd    = "end"
)

// style of a text.
type style struct {
	size          float64
	color, anchor string
	bold          bool
}

// glyph is the width of a letter of size 1, on average, in a wide font.
const glyph = 0.62

// text writes a text that is shortened to a width.
func (s *svg) text(x, y, width float64, t style, text string) {
	if text = fit(text, width/(glyph*t.size)); text == "" {
		return
	}
	weight := ""
	if t.bold {
		weight = ` font-weight="bold"`
	}
	s.add(`<text x="%.1f" y="%.1f" font-size="%.0f" fill="%s" text-anchor="%s"%s>%s</text>`, x, y, t.size, t.color, t.anchor, weight, html.EscapeString(text))
}

// fit shortens a text to so many letters.
func fit(text string, letters float64) string {
	if float64(utf8.RuneCountInString(text)) <= letters {
		return text
	}
	if letters < 3 {
		return ""
	}
	return string([]rune(text)[:int(letters)-1]) + "…"
}

func (s *svg) line(x1, y1, x2, y2 float64, color string) {
	s.add(`<path d="M%.1f %.1fL%.1f %.1f" stroke="%s"/>`, x1, y1, x2, y2, color)
}

// colors by the names that the dashboards use.
var colors = map[string]string{
	"text": "#24292e", "muted": "#6e7781", "grid": "#e6e8eb", "frame": "#d0d7de",
	"green": "#3a9e4b", "red": "#d93f4c", "blue": "#3274d9", "orange": "#ef843c", "dark-orange": "#c4581a",
	"purple": "#9360c4", "light-purple": "#c9a3e6", "light-blue": "#8ab8ff", "semi-dark-blue": "#2558b0", "dark-blue": "#173d80",
	"yellow": "#d9a60a",
}

func colorOf(name string) string {
	if strings.HasPrefix(name, "#") {
		return name
	}
	if c, ok := colors[name]; ok {
		return c
	}
	return colors["blue"]
}

// palette are the colors of series.
var palette = []string{"#3274d9", "#ef843c", "#3a9e4b", "#9360c4", "#d93f4c", "#17a2a8", "#d9a60a", "#8c564b", "#e377c2", "#6e7781", "#8ab8ff", "#173d80"}
