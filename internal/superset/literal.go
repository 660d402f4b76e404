// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// literal renders a JSON value as a Python literal of ASCII. Numbers stay as they are written.
func literal(raw []byte) (string, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return "", fmt.Errorf("it is not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return "", errors.New("it is more than one JSON value")
	}
	var out strings.Builder
	writeLiteral(&out, value)
	return out.String(), nil
}

func writeLiteral(out *strings.Builder, value any) {
	switch value := value.(type) {
	case nil:
		out.WriteString("None")
	case bool:
		out.WriteString(boolean(value))
	case json.Number:
		out.WriteString(string(value))
	case string:
		out.WriteString(quote(value))
	case []any:
		out.WriteString("[")
		for i, item := range value {
			separate(out, i)
			writeLiteral(out, item)
		}
		out.WriteString("]")
	case map[string]any:
		out.WriteString("{")
		for i, key := range slices.Sorted(maps.Keys(value)) {
			separate(out, i)
			out.WriteString(quote(key) + ": ")
			writeLiteral(out, value[key])
		}
		out.WriteString("}")
	}
}

func separate(out *strings.Builder, i int) {
	if i > 0 {
		out.WriteString(", ")
	}
}

func boolean(value bool) string {
	if value {
		return "True"
	}
	return "False"
}

// quote is a Python string. The escapes of Go for valid UTF-8 mean the same in Python.
func quote(text string) string { return strconv.QuoteToASCII(strings.ToValidUTF8(text, "\uFFFD")) }
