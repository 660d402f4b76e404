// SPDX-License-Identifier: Apache-2.0

package world

import (
	"encoding/json"
	"fmt"
)

// InitStep is what migrate has done of spec.init.
type InitStep struct {
	Step    string `json:"step"`
	Result  string `json:"result"`
	Message string `json:"message,omitempty"`
}

// reasonInitStep is the reason of a migrate that has migrated the database before it failed.
const reasonInitStep = "InitStepFailed"

// initialize does the steps of spec.init after a migration: all are done, or the script fails.
func initialize(wanted string, behavior Behavior, result Result) Result {
	var spec struct {
		AdminUser *struct {
			Username string `json:"username"`
		} `json:"adminUser"`
		LoadExamples bool     `json:"loadExamples"`
		Imports      []string `json:"imports"`
		Script       string   `json:"script"`
	}
	if wanted == "" {
		return result
	}
	if err := json.Unmarshal([]byte(wanted), &spec); err != nil {
		return result.fail("Unexpected", "%s: %v", envInit, err)
	}
	done := func(step, message string) {
		result.Init = append(result.Init, InitStep{Step: step, Result: "Done", Message: message})
	}
	if spec.AdminUser != nil {
		done("adminUser", "created user "+spec.AdminUser.Username)
	}
	if spec.LoadExamples {
		done("loadExamples", "")
	}
	for i := range spec.Imports {
		done(fmt.Sprintf("importFrom[%d]", i), "")
	}
	switch {
	case spec.Script == "":
	case behavior == InitFails:
		const message = "spec.init.script ended with exit code 1: this script was told to fail"
		result.Init = append(result.Init, InitStep{Step: "script", Result: "Failed", Message: message})
		return result.fail(reasonInitStep, "%s", message)
	default:
		done("script", "")
	}
	return result
}
