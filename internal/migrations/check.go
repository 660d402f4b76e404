// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"regexp"
	"slices"
)

// Check is one of verify's.
type Check struct {
	// Name such as LoginPage; at most 32 characters.
	Name string `json:"name"`
	// OK is true when it passed.
	OK bool `json:"ok"`
	// Detail is what it saw, redacted by the script; at most 128 characters.
	Detail string `json:"detail"`
}

// What bounds the checks in status.
const (
	// MaxChecks is how many a Job has: two places are left for the operator's own.
	MaxChecks = 14
	// MaxCheckName and MaxCheckDetail are characters.
	MaxCheckName   = 32
	MaxCheckDetail = 128
)

// maxCharts is how much 20 charts take: bytes.
const maxCharts = 640

// chartsForm is what preflight writes of charts: "-" for one that failed.
var chartsForm = regexp.MustCompile(`^([0-9]+:([0-9a-f]{8}:[0-9]+|-)(,|$))*$`)

// boundChecks cuts what is too long. Of too many checks those that passed go first.
func boundChecks(checks []Check) []Check {
	for i := len(checks) - 1; i >= 0 && len(checks) > MaxChecks; i-- {
		if checks[i].OK {
			checks = slices.Delete(checks, i, i+1)
		}
	}
	checks = checks[:min(len(checks), MaxChecks)]
	for i := range checks {
		checks[i].Name, checks[i].Detail = cut(checks[i].Name, MaxCheckName), cut(checks[i].Detail, MaxCheckDetail)
	}
	return checks
}
