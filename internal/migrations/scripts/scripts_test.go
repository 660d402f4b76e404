// SPDX-License-Identifier: Apache-2.0

package scripts

import "testing"

func TestHash(t *testing.T) {
	if got := hash(); got != Hash {
		t.Errorf("the same files hash to %s, then to %s", Hash, got)
	}
	if len(Files) < 20 {
		t.Errorf("%d files are embedded", len(Files))
	}
}
