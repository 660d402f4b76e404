// SPDX-License-Identifier: Apache-2.0

package report

import "testing"

func TestTrimDot(t *testing.T) {
	for in, want := range map[string]string{"a.": "a", "a. . ": "a", "": "", ".": "", "a.b": "a.b"} {
		if got := trimDot(in); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}
