// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// journal records when a Superset entered each phase, as observed: with a finer
// resolution than the whole seconds of status.
type journal struct {
	mu      sync.Mutex
	entries []entry
}

type entry struct {
	phase v1alpha1.Phase
	at    time.Time
}

// keep watches until the context ends. A broken watch is restarted.
func (j *journal) keep(ctx context.Context, t *testing.T, c cluster) {
	for ctx.Err() == nil {
		watch, err := c.Watch(ctx, &v1alpha1.SupersetList{}, client.InNamespace(c.namespace))
		if err != nil {
			if ctx.Err() == nil {
				t.Logf("watching Supersets: %v", err)
			}
			time.Sleep(time.Second)
			continue
		}
		for event := range watch.ResultChan() {
			if superset, ok := event.Object.(*v1alpha1.Superset); ok {
				j.note(t, superset.Status.Phase)
			}
		}
		watch.Stop()
	}
}

func (j *journal) note(t *testing.T, phase v1alpha1.Phase) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if phase == "" || len(j.entries) > 0 && j.entries[len(j.entries)-1].phase == phase {
		return
	}
	t.Logf("phase %s", phase)
	j.entries = append(j.entries, entry{phase, time.Now()})
}

// stay is how long a Superset was in a phase.
type stay struct {
	Phase v1alpha1.Phase
	Took  time.Duration
}

// since returns the stays in moving phases that were entered at or after a time,
// and the last phase.
func (j *journal) since(from time.Time) (stays []stay, last v1alpha1.Phase) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, e := range j.entries {
		last = e.phase
		if e.at.Before(from) || i == len(j.entries)-1 {
			continue
		}
		stays = append(stays, stay{e.phase, j.entries[i+1].at.Sub(e.at)})
	}
	return stays, last
}

// entered is true when a phase was entered at or after a time.
func (j *journal) entered(phase v1alpha1.Phase, from time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.ContainsFunc(j.entries, func(e entry) bool { return e.phase == phase && !e.at.Before(from) })
}

// last is the last phase.
func (j *journal) last() v1alpha1.Phase {
	_, last := j.since(time.Now())
	return last
}
