// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"

	"github.com/superset-operator/superset-operator/internal/migrations"
)

// MaxAttempts bounds how often a Job is tried for a transient reason.
const MaxAttempts = 3

// IsFinal is true for a Job that has failed and is not tried again. An attempt that only
// waited is not counted, and neither is one whose result was lost.
func IsFinal(p migrations.Progress) bool {
	r := p.Result.Reason
	return !p.Active && !p.Done && !p.Lost && (!r.Transient() || p.Tries() >= MaxAttempts && !r.Uncounted())
}

// WhyFellBack is why a Downgrade is not tried again, for status.
func WhyFellBack(p migrations.Progress) string {
	return truncate(fmt.Sprintf("%s: %s", p.Result.Reason, p.Result.Message), 512)
}
