// SPDX-License-Identifier: Apache-2.0

package scripts

import (
	"testing"

	"github.com/superset-operator/superset-operator/internal/components"
)

func TestHash(t *testing.T) {
	if got := components.HashFiles(Files); got != Hash {
		t.Errorf("the same files hash to %s, then to %s", Hash, got)
	}
	if len(Files) < 20 {
		t.Errorf("%d files are embedded", len(Files))
	}
}
