// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// stepLimit is the time limit of a step; an idle machine needs a tenth of it.
const stepLimit = 3 * time.Minute

// outcome is the result of a step.
type outcome struct {
	step
	took time.Duration
	// phases are the phases that the step passed through, with their durations.
	phases []timed
	// unserved is how long no web pod was ready.
	unserved time.Duration
	// changes sums up the changes of the objects.
	changes changes
}

type timed struct {
	phase v1alpha1.Phase
	took  time.Duration
}

// follower watches one step.
type follower struct {
	*demo
	outcome
	begun time.Time
	// fence is the upgradeRevision before the step.
	fence int64
	// phase is the current phase, and since is when it began. downSince is when the
	// last ready web pod was lost, zero while web is available.
	phase            v1alpha1.Phase
	since, downSince time.Time
	message          string
	before           snapshot
}

// playStep runs a step and follows it to its end.
func (d *demo) playStep(ctx context.Context, number int, s step) (outcome, error) {
	d.title(fmt.Sprintf("%d. %s", number, s.title))
	d.text("%s", s.note)
	d.command(shellLine("kubectl", s.kubectl))
	f := &follower{demo: d, outcome: outcome{step: s}}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	events, err := f.prepare(ctx)
	if err != nil {
		return f.outcome, err
	}
	defer events.Stop()
	f.begun = time.Now()
	f.since = f.begun
	if err := d.kubectl(ctx, s.kubectl...); err != nil {
		return f.outcome, err
	}
	err = f.follow(ctx, events)
	f.took = time.Since(f.begun)
	return f.outcome, err
}

// prepare records the current state, and starts a watch from exactly that state.
func (f *follower) prepare(ctx context.Context) (watch.Interface, error) {
	var list v1alpha1.SupersetList
	if err := f.client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("reading the Superset: %w", err)
	}
	if len(list.Items) > 0 {
		f.fence, f.phase = list.Items[0].Status.UpgradeRevision, list.Items[0].Status.Phase
	}
	var err error
	if f.before, err = f.snapshot(ctx, list.ResourceVersion); err != nil {
		return nil, err
	}
	events, err := f.client.Watch(ctx, &v1alpha1.SupersetList{}, client.InNamespace(namespace),
		&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.ResourceVersion}})
	if err != nil {
		return nil, fmt.Errorf("watching the Superset: %w", err)
	}
	return events, nil
}

// follow reads the changes of the Superset until it reaches a resting phase.
func (f *follower) follow(ctx context.Context, events watch.Interface) error {
	for {
		select {
		case <-ctx.Done():
			return f.timedOut(ctx)
		case event, ok := <-events.ResultChan():
			s, is := event.Object.(*v1alpha1.Superset)
			switch {
			case !ok && ctx.Err() != nil:
				return f.timedOut(ctx)
			case !ok || !is:
				return errors.New("the watch of the Superset was closed")
			}
			if ended, err := f.observe(ctx, s); ended || err != nil {
				return err
			}
		}
	}
}

// timedOut returns an error with the current phase and message.
func (f *follower) timedOut(ctx context.Context) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return fmt.Errorf("still in %q after %s: %s", f.phase, stepLimit, f.message)
}

// observe narrates one change of the Superset; ended is true when the step is
// over.
func (f *follower) observe(ctx context.Context, s *v1alpha1.Superset) (ended bool, err error) {
	now := time.Now()
	f.trackAvailability(s, now)
	message := readyMessage(s)
	if s.Status.Phase == "" || s.Status.UpgradeRevision == f.fence {
		return false, nil // the operator has not reacted yet
	}
	if s.Status.Phase != f.phase {
		if err := f.endPhase(ctx, s.ResourceVersion, now); err != nil {
			return false, err
		}
		f.phase, f.since = s.Status.Phase, now
		f.enters(now.Sub(f.begun), f.phase, message)
	} else if message != f.message {
		f.remark(message)
	}
	f.message = message
	return f.finished(s)
}

// endPhase narrates what changed in the phase that has just ended. The objects
// are read at the resource version at which the next phase was written.
func (f *follower) endPhase(ctx context.Context, at string, now time.Time) error {
	after, err := f.snapshot(ctx, at)
	if err != nil {
		return err
	}
	difference := compare(f.before, after)
	f.changed(difference.lines())
	f.before = after
	f.changes.add(difference)
	if len(f.phases) > 0 || moving(f.phase) {
		f.phases = append(f.phases, timed{f.phase, now.Sub(f.since)})
	}
	return nil
}

// trackAvailability adds up the time in which no web pod was ready.
func (f *follower) trackAvailability(s *v1alpha1.Superset, now time.Time) {
	served := meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionAvailable)
	switch {
	case !served && f.downSince.IsZero():
		f.downSince = now
	case served && !f.downSince.IsZero():
		f.unserved += now.Sub(f.downSince)
		f.downSince = time.Time{}
	}
}

// finished is true when the step has ended. It returns an error if the step ended
// in another phase or version than expected.
func (f *follower) finished(s *v1alpha1.Superset) (bool, error) {
	if moving(s.Status.Phase) {
		return false, nil
	}
	if s.Status.Phase != f.ends || s.Status.Version != f.runs {
		return true, fmt.Errorf("the step ended in phase %s at version %q, want %s at %s: %s", s.Status.Phase, s.Status.Version, f.ends, f.runs, readyMessage(s))
	}
	return true, nil
}

func moving(p v1alpha1.Phase) bool {
	switch p {
	case "", v1alpha1.PhasePending, v1alpha1.PhaseReady, v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed:
		return false
	default:
		return true
	}
}

func readyMessage(s *v1alpha1.Superset) string {
	if c := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		return c.Message
	}
	return ""
}
