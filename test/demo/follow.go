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

// stepLimit bounds a step; an idle machine needs a tenth of it.
const stepLimit = 3 * time.Minute

// account is what a step turned out to be.
type account struct {
	step
	took time.Duration
	// phases are those that were passed, with how long each took.
	phases []timed
	// unserved is how long no web pod was ready.
	unserved time.Duration
	// changes sums up what happened to the objects.
	changes changes
}

type timed struct {
	phase v1alpha1.Phase
	took  time.Duration
}

// follower watches one step.
type follower struct {
	*demo
	account
	begun time.Time
	// fence is the upgradeRevision before the step.
	fence int64
	// phase and since are where the step stands; dark is since when nobody is
	// served, zero while somebody is.
	phase       v1alpha1.Phase
	since, dark time.Time
	message     string
	before      snapshot
}

// tell does a step and follows it to its end.
func (d *demo) tell(ctx context.Context, number int, s step) (account, error) {
	d.title(fmt.Sprintf("%d. %s", number, s.title))
	d.text("%s", s.note)
	d.command(shellLine("kubectl", s.kubectl))
	f := &follower{demo: d, account: account{step: s}}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	events, err := f.prepare(ctx)
	if err != nil {
		return f.account, err
	}
	defer events.Stop()
	f.begun = time.Now()
	f.since = f.begun
	if err := d.kubectl(ctx, s.kubectl...); err != nil {
		return f.account, err
	}
	err = f.follow(ctx, events)
	f.took = time.Since(f.begun)
	return f.account, err
}

// prepare notes how things stand, and watches from that very moment on.
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

// follow reads the Superset's changes until it rests.
func (f *follower) follow(ctx context.Context, events watch.Interface) error {
	for {
		select {
		case <-ctx.Done():
			return f.late(ctx)
		case event, ok := <-events.ResultChan():
			s, is := event.Object.(*v1alpha1.Superset)
			switch {
			case !ok && ctx.Err() != nil:
				return f.late(ctx)
			case !ok || !is:
				return errors.New("the watch of the Superset has ended")
			}
			if ended, err := f.see(ctx, s); ended || err != nil {
				return err
			}
		}
	}
}

// late says where a step stood when its time was over.
func (f *follower) late(ctx context.Context) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return fmt.Errorf("still in %q after %s: %s", f.phase, stepLimit, f.message)
}

// see narrates one change of the Superset; ended is true when the step is over.
func (f *follower) see(ctx context.Context, s *v1alpha1.Superset) (ended bool, err error) {
	now := time.Now()
	f.light(s, now)
	message := readyMessage(s)
	if s.Status.Phase == "" || s.Status.UpgradeRevision == f.fence {
		return false, nil // the operator has not answered yet
	}
	if s.Status.Phase != f.phase {
		if err := f.leave(ctx, s.ResourceVersion, now); err != nil {
			return false, err
		}
		f.phase, f.since = s.Status.Phase, now
		f.enters(now.Sub(f.begun), f.phase, message)
	} else if message != f.message {
		f.remark(message)
	}
	f.message = message
	return f.rests(s)
}

// leave tells what changed in the phase that has just ended. The objects are
// read as they stood when the next phase was written.
func (f *follower) leave(ctx context.Context, at string, now time.Time) error {
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

// light keeps the time during which nobody was served.
func (f *follower) light(s *v1alpha1.Superset, now time.Time) {
	served := meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionAvailable)
	switch {
	case !served && f.dark.IsZero():
		f.dark = now
	case served && !f.dark.IsZero():
		f.unserved += now.Sub(f.dark)
		f.dark = time.Time{}
	}
}

// rests is true when the step has come to its end, and an error when it came to
// another one.
func (f *follower) rests(s *v1alpha1.Superset) (bool, error) {
	if moving(s.Status.Phase) {
		return false, nil
	}
	if s.Status.Phase != f.ends || s.Status.Version != f.runs {
		return true, fmt.Errorf("it rests in %s at version %q instead of %s at %s: %s", s.Status.Phase, s.Status.Version, f.ends, f.runs, readyMessage(s))
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
