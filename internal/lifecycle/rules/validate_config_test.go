// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
)

// A ConfigMap that config copies and that does not exist holds the run in Validate, before any
// Job, until the deadline. Once it can be read, the run begins with the release that is known.
func TestConfigThatCannotBeCopied(t *testing.T) {
	const why = "spec.config.from[0]: ConfigMap shared does not exist: create it, or name another one"
	o := statetest.Upgrade(v1alpha1.PhaseValidate)
	known := o.Desired.Hash
	o.NoConfig, o.Desired.Hash, o.Status.Upgrade.ToRelease = why, "unread-0123456789", "unread-0123456789"
	d := Decide(state.Of(o))
	if d.Kind != lifecycle.KindWait || d.Reason != v1alpha1.ReasonBlocked || d.Message != why || d.Recheck == 0 || d.Work.Job.Script != "" {
		t.Errorf("without it: %+v", d)
	}
	o.Status.Upgrade.WorkingSince = &metav1.Time{Time: o.Now.Add(-24 * time.Hour)}
	if d := Decide(state.Of(o)); !d.Moves(lifecycle.Fail, lifecycle.RollBack) || !strings.Contains(d.Message, why) {
		t.Errorf("at the deadline: %+v", d)
	}
	o.Status.Upgrade.WorkingSince, o.NoConfig, o.Desired.Hash = nil, "", known
	if d := Decide(state.Of(o)); !d.Moves(lifecycle.Begin) {
		t.Errorf("once it exists: %+v", d)
	}
}
