// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"regexp"
	"slices"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Check is the result of one check of verify.
type Check struct {
	// Name of the check, such as LoginPage; at most MaxCheckName characters.
	Name string `json:"name"`
	// OK is true if the check passed.
	OK bool `json:"ok"`
	// Detail describes what the check found, redacted by the script; at most MaxCheckDetail
	// characters.
	Detail string `json:"detail"`
}

// Limits for the checks in status.
const (
	// MaxChecks is the maximum number of checks of a Job. Two more in status are reserved for
	// the operator's own checks.
	MaxChecks = 14
	// MaxCheckName and MaxCheckDetail are maximum lengths, in characters.
	MaxCheckName   = 32
	MaxCheckDetail = 128
)

// maxCharts is the size of the results of 20 charts, in bytes.
const maxCharts = 640

// chartsForm is the format of preflight's chart results: "id:columns:rows" separated by
// commas, "id:-" for a chart that failed.
var chartsForm = regexp.MustCompile(`^([0-9]+:([0-9a-f]{8}:[0-9]+|-)(,|$))*$`)

// maxSteps is the maximum number of steps in status: those of spec.init with the most imports.
const maxSteps = 20

// boundSteps truncates the steps of spec.init, and drops those without a valid result.
func boundSteps(steps []v1alpha1.InitStep) []v1alpha1.InitStep {
	var out []v1alpha1.InitStep
	for _, s := range steps[:min(len(steps), maxSteps)] {
		if s.Result == v1alpha1.InitDone || s.Result == v1alpha1.InitSkipped || s.Result == v1alpha1.InitFailed {
			out = append(out, v1alpha1.InitStep{Step: cut(s.Step, MaxCheckName), Result: s.Result, Message: cut(s.Message, MaxCheckDetail)})
		}
	}
	return out
}

// boundChecks truncates checks. If there are too many, it drops those that passed first.
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
