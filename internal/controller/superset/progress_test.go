// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/lru"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rules"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
)

// A pause does not count towards the deadline of a phase with tiers, also when nothing
// changes during it and the operator does not look.
func TestPauseIsNoTimeWithoutProgress(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	for name, looks := range map[string][]struct {
		after  time.Duration
		paused bool
		since  time.Duration
	}{
		"never paused":      {{0, false, 0}, {time.Hour, false, 0}},
		"paused and quiet":  {{0, false, 0}, {time.Minute, true, time.Minute}, {time.Hour, false, time.Hour}, {2 * time.Hour, false, time.Hour}},
		"looked at, paused": {{0, true, 0}, {time.Minute, true, time.Minute}, {time.Hour, false, time.Hour}},
	} {
		r := &Reconciler{seen: lru.New(8)}
		for _, look := range looks {
			s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{UID: "u"}, Spec: v1alpha1.SupersetSpec{Paused: look.paused}}
			if since, _ := r.progress(s, start.Add(look.after), &[3]state.Tier{}); !since.Equal(start.Add(look.since)) {
				t.Errorf("%s, after %s: since %s, want %s", name, look.after, since.Sub(start), look.since)
			}
		}
	}
}

// A run that was paused before its workers were rolled goes on after a pause that is longer
// than the deadline.
func TestResumeAfterQuietPause(t *testing.T) {
	r, o := &Reconciler{seen: lru.New(8)}, statetest.Upgrade(v1alpha1.PhaseUpgradeWorkers)
	start := o.Status.PhaseSince.Time
	for _, look := range []struct {
		after  time.Duration
		paused bool
	}{{time.Second, true}, {5 * time.Hour, false}} {
		s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{UID: "u"}, Spec: v1alpha1.SupersetSpec{Paused: look.paused}}
		o.Now, o.Policy.Paused = start.Add(look.after), look.paused
		o.Since, o.ProgressAt = r.progress(s, o.Now, &o.Tiers)
		if d := rules.Decide(state.Of(o)); d.Kind == lifecycle.KindMove {
			t.Errorf("after %s: %s, %s", look.after, d.Move.Event, d.Message)
		}
	}
}
