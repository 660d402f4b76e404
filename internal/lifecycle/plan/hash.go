// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// Hash identifies a plan. It leaves out estimates and notes, so that they do not void an
// approval, and includes the fence, so that an approval is valid for one run only.
func Hash(s *state.Snapshot, p *v1alpha1.Plan) string {
	bare := p.DeepCopy()
	bare.Downtime, bare.Notes = "", nil
	for i := range bare.Steps {
		bare.Steps[i].Seconds = nil
	}
	raw, err := json.Marshal(struct {
		Plan  *v1alpha1.Plan
		Fence int64
		From  string
		To    string
		Head  string
	}{bare, s.Status.UpgradeRevision, s.Run.FromRelease, s.Run.ToRelease, s.Preflight.Result.Head})
	if err != nil {
		panic(fmt.Sprintf("encoding a plan: %v", err)) // plain values only
	}
	sum := sha256.Sum256(raw)
	return "sha256-" + hex.EncodeToString(sum[:6])
}
