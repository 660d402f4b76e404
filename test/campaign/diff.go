// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// diff lists the differences of two runs, one line for each value, with its path:
// a minus for the first run, a plus for the second. It is empty when they are
// equal.
func diff(first, second facts) string {
	a, b := flat(first), flat(second)
	var out strings.Builder
	all := maps.Clone(a)
	maps.Copy(all, b)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		x, inA := a[path]
		y, inB := b[path]
		if inA && inB && x == y {
			continue
		}
		if inA {
			fmt.Fprintf(&out, "- %s: %s\n", path, x)
		}
		if inB {
			fmt.Fprintf(&out, "+ %s: %s\n", path, y)
		}
	}
	return out.String()
}

// flat maps the path of each value to the value.
func flat(f facts) map[string]string {
	raw, err := json.Marshal(f)
	if err != nil {
		panic(err) // plain values only
	}
	var content any
	if err := json.Unmarshal(raw, &content); err != nil {
		panic(err)
	}
	out := map[string]string{}
	flatten("", content, out)
	return out
}

func flatten(path string, in any, out map[string]string) {
	switch in := in.(type) {
	case map[string]any:
		for k, v := range in {
			flatten(path+"/"+k, v, out)
		}
	case []any:
		for i, v := range in {
			flatten(fmt.Sprintf("%s[%d]", path, i), v, out)
		}
	default:
		out[path] = fmt.Sprint(in)
	}
}
