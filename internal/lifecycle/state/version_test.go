// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"testing"

	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

func TestSupported(t *testing.T) {
	for version, want := range map[string]bool{
		"4.1.0": true, "4.1.4": true, "5.0.0": true, "6.0.0": true, "6.1.0": true, "6.99.0": true,
		"4.1.1-rc1": true, "6.0.0-rc2": true, "6.1.0+own.1": true, "5.0.0-rc1+own": true,
		"4.1.0-rc1": false, // lower than 4.1.0
		"4.0.2":     false, "3.1.3": false, "0.38.1": false,
		"7.0.0": false, "7.0.0-rc1": false, "7.0.0-0": false, "10.0.0": false, // compared as numbers, not as text
		"": false, "6": false, "6.0": false, "v6.0.0": false, "6.0.0.1": false, "latest": false, "06.0.0": false,
	} {
		if got := state.Supported(version); got != want {
			t.Errorf("%q is supported: %v, want %v", version, got, want)
		}
	}
	if got := state.SupportedRange(); got != "4.1.0 and above, below 7.0.0" {
		t.Errorf("range: %s", got)
	}
}
