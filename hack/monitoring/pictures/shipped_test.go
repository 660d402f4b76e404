// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/xml"
	"html"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	shippedPictures = "../../../docs/pictures"
	// maxPicture is the size of a picture in bytes.
	maxPicture = 150 << 10
	// maxWithoutData is how many panels of a picture may have no data at its time: panels of
	// something that does not happen at the same time, such as a gate and a move.
	maxWithoutData = 4
)

// text is a text of a picture.
type text struct {
	X        float64 `xml:"x,attr"`
	Y        float64 `xml:"y,attr"`
	Size     float64 `xml:"font-size,attr"`
	Anchor   string  `xml:"text-anchor,attr"`
	Contents string  `xml:",chardata"`
}

// left and right are where the text begins and ends, in a font of usual width.
func (t *text) left() float64 {
	return t.X - map[string]float64{atMiddle: 0.5, atEnd: 1}[t.Anchor]*t.width()
}

func (t *text) width() float64 { return 0.55 * t.Size * float64(len([]rune(t.Contents))) }

// The shipped pictures have each panel of the dashboards, say what they are, are small and have
// no texts that overlap.
func TestShippedPictures(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shippedBoards, "*.json"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%d dashboards, %v", len(files), err)
	}
	for _, file := range files {
		b, err := readBoard(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json") + ".svg"
		content, err := os.ReadFile(filepath.Join(shippedPictures, name))
		if err != nil {
			t.Fatalf("%v; write it with: make pictures", err)
		}
		var drawn struct {
			Texts []text `xml:"text"`
		}
		if err := xml.Unmarshal(content, &drawn); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range b.Panels {
			shown := fit(b.Panels[i].Title, (float64(b.Panels[i].GridPos.W)*columnWidth-gap-12)/(glyph*12))
			if !strings.Contains(string(content), ">"+html.EscapeString(shown)+"<") {
				t.Errorf("%s has no panel %q; write it again with: make pictures", name, b.Panels[i].Title)
			}
		}
		if n := strings.Count(string(content), ">No data<"); n > maxWithoutData || len(content) > maxPicture || !strings.Contains(string(content), label) {
			t.Errorf("%s: %d panels have no data, %d bytes", name, n, len(content))
		}
		for _, o := range overlaps(drawn.Texts) {
			t.Errorf("%s: %s", name, o)
		}
	}
}

// overlaps are the pairs of texts on one line that overlap.
func overlaps(all []text) (out []string) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b text) int {
		if a.Y != b.Y {
			return int(10 * (a.Y - b.Y))
		}
		return int(10 * (a.left() - b.left()))
	})
	for i := range all[:max(0, len(all)-1)] {
		a, b := &all[i], &all[i+1]
		if a.Y == b.Y && a.left()+a.width() > b.left()+1 {
			out = append(out, strconv.Quote(a.Contents)+" overlaps "+strconv.Quote(b.Contents))
		}
	}
	return out
}

func TestOverlapsAreFound(t *testing.T) {
	near := []text{{X: 10, Y: 5, Size: 10, Anchor: atStart, Contents: "0123456789"}, {X: 60, Y: 5, Size: 10, Anchor: atStart, Contents: "next"}}
	if got := overlaps(near); len(got) != 1 {
		t.Errorf("%v", got)
	}
	near[1].X = 70
	if got := overlaps(near); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
