// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	const value = "canary0123456789"
	for before := range 4 {
		for after := range 4 {
			inside := strings.Repeat("a", before) + value + strings.Repeat("b", after)
			for name, text := range map[string]string{
				"plain": inside, "hex": hex.EncodeToString([]byte(inside)),
				"base64": base64.StdEncoding.EncodeToString([]byte(inside)), "url": base64.RawURLEncoding.EncodeToString([]byte(inside)),
			} {
				if got := Find(text, value); len(got) != 1 {
					t.Errorf("%s with %d characters before and %d after: found %v", name, before, after, got)
				}
			}
		}
	}
	if got := Find(base64.StdEncoding.EncodeToString([]byte("canary9876543210")), value, "another-value"); got != nil {
		t.Errorf("found %v", got)
	}
}
