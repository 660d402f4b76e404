// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"embed"
	"fmt"
	"strings"
)

//go:embed data/*.tsv
var files embed.FS

// A source is something that users come from.
type source struct {
	Name string
	File string
	Rows []row
}

// sources are in the order of the page.
var sources = []source{
	{Name: "Helm chart 0.15.4", File: "data/chart-0.15.4.tsv"},
	{Name: "Helm chart 0.22.7", File: "data/chart-0.22.7.tsv"},
	{Name: "Apache's operator 0.2.0", File: "data/operator-0.2.0.tsv"},
}

// A row is one value of a source: its path there, the field here, and a remark. The field is a
// path below spec, a path with a plus sign in front that is planned, or a minus sign for
// none; then the remark is the reason.
type row struct {
	Path, Field, Remark string
}

const (
	none    = "-"
	planned = "+"
)

// read parses a file of tab-separated rows. A line that begins with # is a comment.
func read(name string) ([]row, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // in memory
	var rows []row
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		cells := strings.Split(lines.Text(), "\t")
		if len(cells) != 3 || cells[0] == "" || cells[1] == "" {
			return nil, fmt.Errorf("%s:%d: write path, field and remark, separated by tabs: %q", name, n, lines.Text())
		}
		rows = append(rows, row{Path: cells[0], Field: cells[1], Remark: cells[2]})
	}
	return rows, lines.Err()
}
