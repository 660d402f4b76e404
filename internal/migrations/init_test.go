// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Status takes only steps that the CRD accepts, and as many.
func TestStepsOfInit(t *testing.T) {
	many := make([]v1alpha1.InitStep, 30)
	for i := range many {
		many[i] = v1alpha1.InitStep{Step: strings.Repeat("s", 40), Result: v1alpha1.InitDone, Message: strings.Repeat("m", 200)}
	}
	many[1].Result = "Unknown"
	line, err := json.Marshal(Result{Script: string(Migrate), Reason: ReasonInitStepFailed, Init: many})
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseResult(string(line))
	if err != nil || len(got.Init) != maxSteps-1 || len([]rune(got.Init[0].Step)) != MaxCheckName || len([]rune(got.Init[0].Message)) != MaxCheckDetail {
		t.Errorf("%v, %d steps, the first is %+v", err, len(got.Init), got.Init[0])
	}
	if got.Reason.Transient() || got.Reason.MayBreakSchema() {
		t.Error("a failed step is tried again, or taken for a half-migrated schema")
	}
	few := `{"script":"migrate","init":[{"step":"script","result":"Failed","message":"exit code 1"}]}`
	want := []v1alpha1.InitStep{{Step: "script", Result: v1alpha1.InitFailed, Message: "exit code 1"}}
	if got, err = ParseResult(few); err != nil || cmp.Diff(want, got.Init) != "" {
		t.Errorf("%v: %+v", err, got.Init)
	}
}
