// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// draft is the next status in the making.
type draft struct {
	*v1alpha1.SupersetStatus
	s   *state.Snapshot
	d   *Decision
	now metav1.Time
	// historyLimit bounds the history: lines.
	historyLimit int
}

func newDraft(s *state.Snapshot, d *Decision) *draft {
	return &draft{SupersetStatus: s.Status.DeepCopy(), s: s, d: d, now: metav1.NewTime(s.Now).Rfc3339Copy()}
}

// nextFence takes a fence that nothing has carried yet.
func (n *draft) nextFence() { n.UpgradeRevision = max(n.UpgradeRevision, n.s.MaxFence) + 1 }
