// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestAimBelowLimit(t *testing.T) {
	for name, c := range map[string]struct {
		environment map[string]string
		want        int64
		wrong       string
	}{
		"256 MiB":           {environment: map[string]string{"MEMORY_LIMIT": "268435456"}, want: 241591905},
		"without a limit":   {},
		"decided by a user": {environment: map[string]string{"MEMORY_LIMIT": "268435456", "GOMEMLIMIT": "100MiB"}},
		"with a unit":       {environment: map[string]string{"MEMORY_LIMIT": "256Mi"}, wrong: "such as 268435456"},
		"not a limit":       {environment: map[string]string{"MEMORY_LIMIT": "0"}, wrong: "such as 268435456"},
	} {
		var got int64
		err := aimBelowLimit(func(name string) string { return c.environment[name] }, func(n int64) int64 { got = n; return 0 })
		if got != c.want || (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: aims at %d, error %v", name, got, err)
		}
	}
}
