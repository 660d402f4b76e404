// SPDX-License-Identifier: Apache-2.0

package scripts

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Archive packs modules of superset_job, by path, so that Python can run them: see Program. It
// panics if there is no such module.
func Archive(modules ...string) string {
	some := map[string]string{"__main__.py": sources["__main__.py"]}
	for _, path := range modules {
		text, ok := sources[path]
		if !ok {
			panic(fmt.Sprintf("no module %s in the scripts", path))
		}
		some[path] = text
	}
	return archive(some)
}

// archive is a zip file of texts by path, those of Python without comments. The same texts give
// the same bytes with the same release of Go. All files share one compressor: each has buffers of
// a megabyte.
func archive(texts map[string]string) string {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	compressor, err := flate.NewWriter(nil, flate.BestCompression)
	if err != nil {
		panic(fmt.Sprintf("packing the scripts: %v", err))
	}
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) {
		compressor.Reset(to)
		return compressor, nil
	})
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		file, err := w.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err == nil {
			_, err = io.WriteString(file, packed(path, texts[path]))
		}
		if err != nil {
			panic(fmt.Sprintf("packing %s: %v", path, err))
		}
	}
	if err := w.Close(); err != nil {
		panic(fmt.Sprintf("packing the scripts: %v", err))
	}
	return out.String()
}

const quotes = `"""`

// packed is a text without the comments and docstrings of Python, which are a quarter of it. Its
// lines keep their numbers, for tracebacks. It relies on the format of ruff: a docstring begins a
// line, and nothing else that begins a line in quotes follows one that ends with a colon.
func packed(path, text string) string {
	if filepath.Ext(path) != ".py" {
		return text
	}
	lines := strings.Split(text, "\n")
	before, inDoc, inText := ":", false, false
	for i, line := range lines {
		code, ends := strings.TrimSpace(line), strings.Count(line, quotes)%2 == 1
		switch {
		case inDoc:
			lines[i], inDoc = "", !ends
		case inText:
			inText = !ends
		case strings.HasPrefix(code, "#"):
			lines[i] = ""
		case strings.HasPrefix(code, quotes) && strings.HasSuffix(before, ":"):
			lines[i], before, inDoc = line[:strings.Index(line, quotes)]+`""`, code, ends
		default:
			inText = ends
			if code != "" {
				before = code
			}
		}
	}
	return strings.Join(lines, "\n")
}
