// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"time"

	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// folds is how often the working time of a phase is written during its deadline, so that an
// operator that restarts often still reaches it.
const folds = 10

// FoldDue is true when the working time must be written although nothing else has changed:
// its counting begins or ends, or a part of the deadline has passed.
func FoldDue(s *state.Snapshot, d *lifecycle.Decision) bool {
	if counting := s.Run.WorkingSince != nil; counting != lifecycle.Counts(s, d) {
		return true
	}
	return s.Run.WorkingSince != nil && s.Unfolded >= deadline(s)/folds
}

// nextFold is when the next part of the deadline has passed.
func nextFold(s *state.Snapshot) time.Duration {
	if left := deadline(s)/folds - s.Unfolded; left > 0 {
		return left
	}
	return deadline(s) / folds // this reconcile folds
}
