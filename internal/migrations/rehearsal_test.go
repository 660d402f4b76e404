// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// The result of a rehearsal is bounded, and an unknown finding is treated as Refused.
func TestRehearsalIsBounded(t *testing.T) {
	long := strings.Repeat("é", 1000)
	r, err := ParseResult(`{"script":"rehearse","rehearsal":{"downgrade":"Proven","rolling":"maybe","rollingReason":"` + long +
		`","migrateSeconds":-1,"lockSeconds":1e300,"lockTables":-4,"bytes":-1,"excluded":["` + strings.Repeat(`x","`, 50) + `y"]}}`)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Rehearsal
	if got.Downgrade != v1alpha1.FindingProven || got.Rolling != v1alpha1.FindingRefused || len([]rune(got.RollingReason)) != maxFinding {
		t.Errorf("%+v", got)
	}
	if got.MigrateSeconds != 0 || got.LockSeconds != maxSeconds || got.LockTables != 0 || got.Bytes != 0 || len(got.Excluded) != maxExcluded {
		t.Errorf("%+v", got)
	}
}
