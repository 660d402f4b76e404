// SPDX-License-Identifier: Apache-2.0

// Package stored compares the JSON of stored releases.
package stored

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// UnknownFields are the paths of the fields in raw that known, the JSON of what was decoded of it,
// lacks, sorted. It does not look into lists: a field that was added to their items is not found.
func UnknownFields(raw, known []byte) []string {
	var all, mine map[string]any
	if json.Unmarshal(raw, &all) != nil || json.Unmarshal(known, &mine) != nil {
		return nil
	}
	var out []string
	missing(all, mine, "", func(path string) { out = append(out, path) })
	slices.Sort(out)
	return out
}

// missing reports the paths in all that mine lacks.
func missing(all, mine map[string]any, prefix string, report func(string)) {
	for name, value := range all {
		own, ok := mine[name]
		if !ok {
			report(prefix + name)
			continue
		}
		more, isMap := value.(map[string]any)
		less, both := own.(map[string]any)
		if isMap && both {
			missing(more, less, prefix+name+".", report)
		}
	}
}

// Sorted is JSON in which the order of the fields says nothing, without the named fields of the
// object. It is empty for what is no JSON. A number stays as it is written.
func Sorted(raw []byte, without ...string) string {
	var content any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&content); err != nil {
		return ""
	}
	if object, ok := content.(map[string]any); ok {
		for _, name := range without {
			delete(object, name)
		}
	}
	sorted, err := json.Marshal(content)
	if err != nil {
		panic(fmt.Sprintf("encoding JSON: %v", err)) // decoded just now
	}
	return string(sorted)
}
