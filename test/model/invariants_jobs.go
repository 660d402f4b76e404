// SPDX-License-Identifier: Apache-2.0

package model

import "fmt"

// I5.
func oneJob(c *change) string {
	mine := c.made()
	if mine == nil || c.by.what != stepOperator {
		return ""
	}
	same, running := 0, 0
	for _, j := range c.m.jobList(&c.after.live) {
		if j.fence != mine.fence {
			continue
		}
		if j.at.runs() {
			running++
		}
		if j.script == mine.script && j.attempt == mine.attempt {
			same++
		}
	}
	switch {
	case same > 1:
		return "two Jobs named " + mine.describe()
	case running > 1:
		return fmt.Sprintf("%d active Jobs under fence %d", running, mine.fence)
	default:
		return ""
	}
}

// I11.
func boundedAttempts(c *change) string {
	mine := c.made()
	if mine == nil {
		return ""
	}
	for _, j := range c.m.jobList(&c.before.live) {
		if j.at == noJob || j.script != mine.script || j.fence != mine.fence {
			continue
		}
		switch {
		case !j.backedOff:
			return "the backoff before " + mine.describe() + " is not over, or the failure is permanent"
		case mine.attempt-j.waits > 3 && j.at != lockTimeout:
			return mine.describe() + " exceeds the limit of attempts"
		}
	}
	return ""
}
