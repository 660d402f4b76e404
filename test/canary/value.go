// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// encodings are the forms in which a text may contain a value: as it is, in hexadecimal, and in
// Base64 at each of the three offsets. The characters at the ends of a Base64 text depend on
// what surrounds the value, and are left out.
func encodings(value string) []string {
	out := []string{value, hex.EncodeToString([]byte(value))}
	for offset := range 3 {
		text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", offset) + value))
		begin := (offset*8 + 5) / 6
		out = append(out, text[begin:len(text)-1])
	}
	return out
}

// Find returns the values that a text contains, in any encoding. Values should be letters and
// digits, so that no format escapes them, and at least 12 bytes.
func Find(text string, values ...string) []string {
	var out []string
	for _, value := range values {
		for _, form := range encodings(value) {
			if strings.Contains(text, form) {
				out = append(out, value)
				break
			}
		}
	}
	return out
}
