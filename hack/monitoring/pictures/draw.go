// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"
)

// The grid: a dashboard has 24 columns.
const (
	columnWidth = 50.0
	rowHeight   = 30.0
	gap         = 6.0
	header      = 56.0
)

// label is on each picture.
const label = "Plotted from a Prometheus by hack/monitoring/pictures; not a screenshot of Grafana"

// picture draws one dashboard.
type picture struct {
	svg
	*asker
}

// plot returns the picture of a dashboard.
func plot(ctx context.Context, b *board, a *asker) ([]byte, error) {
	p := &picture{asker: a}
	width, height := 24*columnWidth, header+float64(b.height())*rowHeight+gap
	p.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif" fill="none" role="img" aria-label="%s">`, width, height, b.Title)
	p.rect(box{0, 0, width, height}, "#f4f5f7", "")
	p.text(gap+4, 24, width/2, style{size: 18, color: colorOf("text"), anchor: atStart, bold: true}, b.Title)
	p.text(gap+4, 44, width-20, style{size: 12, color: colorOf("muted"), anchor: atStart}, fmt.Sprintf("%s. %s to %s UTC.", label,
		time.Unix(a.from, 0).UTC().Format("2006-01-02 15:04:05"), clock(float64(a.to))))
	for i := range b.Panels {
		if err := p.panel(ctx, &b.Panels[i]); err != nil {
			return nil, fmt.Errorf("panel %s: %w", b.Panels[i].Title, err)
		}
	}
	p.add("</svg>")
	return p.out.Bytes(), nil
}

// panel draws one panel.
func (p *picture) panel(ctx context.Context, q *panel) error {
	g := q.GridPos
	frame := box{float64(g.X)*columnWidth + gap/2, header + float64(g.Y)*rowHeight + gap/2, float64(g.W)*columnWidth - gap, float64(g.H)*rowHeight - gap}
	if q.Type == "row" {
		p.text(frame.x+4, frame.y+17, frame.w, style{size: 14, color: colorOf("text"), anchor: atStart, bold: true}, q.Title)
		return nil
	}
	p.rect(frame, "#ffffff", fmt.Sprintf(` stroke="%s" rx="3"`, colorOf("frame")))
	p.text(frame.x+8, frame.y+16, frame.w-12, style{size: 12, color: colorOf("text"), anchor: atStart, bold: true}, q.Title)
	var all []series
	var byTarget [][]series
	for _, t := range q.Targets {
		found, err := p.ask(ctx, t.Expr, t.LegendFormat, q.overTime())
		if err != nil {
			return err
		}
		all, byTarget = append(all, found...), append(byTarget, found)
	}
	inside := frame.inner(8, 24, 8, 6)
	if len(all) == 0 {
		p.text(inside.x+inside.w/2, inside.y+inside.h/2+4, inside.w, style{size: 13, color: colorOf("muted"), anchor: atMiddle}, "No data")
		return nil
	}
	switch q.Type {
	case "stat":
		p.stats(q, inside, all)
	case "bargauge":
		p.bars(q, inside, all)
	case "state-timeline":
		p.timeline(q, inside, all)
	case "timeseries":
		p.graph(q, inside, all)
	case "table":
		p.table(q, inside, byTarget)
	default:
		return fmt.Errorf("there is no way to draw the type %s", q.Type)
	}
	return nil
}

// timeAxis writes times below a box, and returns where a time is.
func (p *picture) timeAxis(b box) func(at float64) float64 {
	from, length := float64(p.from), float64(p.to-p.from)
	x := func(at float64) float64 { return b.x + min(1, max(0, (at-from)/length))*b.w }
	every := length
	for _, s := range []float64{10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400} {
		if b.w/(length/s) >= 64 {
			every = s
			break
		}
	}
	for at := float64(int64(from/every)+1) * every; at <= from+length; at += every {
		p.line(x(at), b.y, x(at), b.y+b.h, colorOf("grid"))
		if x(at) > b.x+24 && x(at) < b.x+b.w-20 {
			p.text(x(at), b.y+b.h+13, 80, style{size: 10, color: colorOf("muted"), anchor: atMiddle}, clock(at))
		}
	}
	return x
}
