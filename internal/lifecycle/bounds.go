// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"encoding/json"
	"fmt"
)

// jsonSize is the size of plain values in status: bytes of JSON.
func jsonSize(values any) int {
	raw, err := json.Marshal(values)
	if err != nil {
		panic(fmt.Sprintf("encoding a part of status: %v", err)) // plain values only
	}
	return len(raw)
}

// truncate cuts a text to so many characters.
func truncate(s string, limit int) string {
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}
