// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// The list has every constant once.
func TestReasonsAreAll(t *testing.T) {
	source, err := os.ReadFile("result.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^\tReason\w+ +Reason = "(\w+)"$`).FindAllStringSubmatch(string(source), -1)
	if len(declared) < 20 || len(declared) != len(Reasons) {
		t.Errorf("%d reasons are listed, %d are declared", len(Reasons), len(declared))
	}
	for _, match := range declared {
		if !slices.Contains(Reasons, Reason(match[1])) {
			t.Errorf("Reasons lacks %s", match[1])
		}
	}
}
