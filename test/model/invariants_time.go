// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// I17. A deadline that passes while the operator works is a fault. A token, or an edit during a run, can
// ask for what must fail.
func countsWork(c *change) string {
	if c.m.faulty(c.after) || c.drifted() {
		return ""
	}
	was, is := c.m.statusOf(&c.before.live), c.m.statusOf(&c.after.live)
	all, left := c.m.scenario.Budgets, c.after.left
	asked := all.Tokens > left.Tokens || all.Edits > left.Edits+1
	switch {
	case is.reason == "" || is.reason == was.reason:
		return ""
	case is.reason == v1alpha1.ReasonDeadlineExceeded:
		return fmt.Sprintf("the deadline of %s passes without a fault", was.phase.name())
	case !asked && !refused(c.after, is):
		return fmt.Sprintf("%s fails without a fault: %s", was.phase.name(), is.reason)
	default:
		return ""
	}
}
