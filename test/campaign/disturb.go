// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/campaign/fault"
)

// reference is an undisturbed run.
type reference struct {
	facts    facts
	writes   []string
	requests int
	took     time.Duration
}

// undisturbed runs a scenario without a disturbance.
func (l *lab) undisturbed(ctx context.Context, s *scenario) (r *reference, err error) {
	t, err := l.newTrial(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.prepare(ctx); err != nil {
		return nil, err
	}
	i := t.start(ctx, none(0, ""), false)
	i.wait(ctx)
	begun := time.Now()
	if err := t.act(ctx, s.step, len(s.before) == 0); err != nil {
		return nil, err
	}
	if err := t.waitForEnd(ctx, s.step); err != nil {
		return nil, fmt.Errorf("%w; the operator's log:\n%v", err, i.logged())
	}
	f := t.facts()
	if len(f.Broken) > 0 {
		return nil, fmt.Errorf("the undisturbed run broke invariants: %v", f.Broken)
	}
	return &reference{facts: f, writes: i.layer.Writes(), requests: i.layer.Requests(), took: time.Since(begun)}, nil
}

// point is one disturbance of one scenario.
type point struct {
	scenario *scenario
	mode     *mode
	k        int
}

func (p point) String() string {
	return fmt.Sprintf("-scenario %s -mode %s -k %d", p.scenario.name, p.mode.name, p.k)
}

// compare returns how a run of the point differs from the undisturbed one.
func (p point) compare(r *reference, f facts) string {
	if p.mode.elect {
		f = f.withoutLate(r.facts)
	}
	return diff(r.facts, f)
}

// result of a point.
type result struct {
	point
	// struck is the disturbed request; empty when the run had no such request, and
	// for modes without one.
	struck string
	// diff is how it differs from the undisturbed run; empty when it does not.
	diff string
	took time.Duration
}

// try runs a point.
func (l *lab) try(ctx context.Context, p point, r *reference) (out result, err error) {
	begun := time.Now()
	out.point = p
	t, err := l.newTrial(ctx, p.scenario)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.prepare(ctx); errors.Is(err, errNever) {
		out.diff = err.Error() + "\n"
		return out, l.keep(t, out)
	} else if err != nil {
		return out, err
	}
	past, err := t.now(ctx)
	if err != nil {
		return out, err
	}
	first := t.start(ctx, t.disturbance(ctx, p, past), p.mode.elect)
	first.wait(ctx)
	if p.mode.elect {
		t.start(ctx, none(0, ""), true).wait(ctx)
	}
	if err := t.act(ctx, p.scenario.step, len(p.scenario.before) == 0); err != nil {
		return out, err
	}
	ended := t.ends(ctx, p, r, past)
	out.struck, out.took = first.layer.Struck(), time.Since(begun)
	if ended != nil && !errors.Is(ended, errNever) {
		return out, ended
	}
	if out.diff = p.compare(r, t.facts()); out.diff != "" {
		return out, l.keep(t, out)
	}
	return out, nil
}

// disturbance configures the first operator.
func (t *trial) disturbance(ctx context.Context, p point, past string) fault.Options {
	o := p.mode.first(p.k, past)
	if p.mode.outside != nil {
		o.Notify = func(fault.Request) { t.happens(ctx, p.mode.outside) }
	}
	return o
}

// ends waits until the scenario has ended as in the undisturbed run, and does
// what the disturbance needs meanwhile.
func (t *trial) ends(ctx context.Context, p point, r *reference, past string) error {
	first := t.instances[len(t.instances)-1]
	if p.mode.elect {
		first = t.instances[len(t.instances)-2]
	}
	w := &way{trial: t, point: p, first: first, past: past}
	answered := false
	return t.until(ctx, stuck, func(idle time.Duration) (bool, error) {
		paused, err := t.resume(ctx)
		if err := errors.Join(err, t.events.failed(), t.answer(ctx, p.scenario.step, &answered)); err != nil {
			return false, err
		}
		w.replace(ctx)
		if paused || w.holds() || idle < quiet || !p.scenario.ended(t.superset()) || t.ending() {
			return false, nil
		}
		alike := p.compare(r, t.facts()) == ""
		if !alike && idle > unlike {
			return false, errNever
		}
		return alike, nil
	})
}

// way is one action between the disturbance and the end.
type way struct {
	*trial
	point
	first    *instance
	past     string
	died     time.Time
	replaced bool
	stopped  string
	resumed  time.Time
}

// replace starts a second operator after the first was killed, and after the outage of the
// mode.
func (w *way) replace(ctx context.Context) {
	select {
	case <-w.first.layer.Dead():
	default:
		return
	}
	if w.died.IsZero() {
		w.died = time.Now()
	}
	if !w.replaced && time.Since(w.died) >= w.mode.absence {
		w.replaced = true
		w.start(ctx, w.mode.next(w.k, w.ago(w.mode.back, w.past)), false)
	}
}

// holds is true during an outage, while the first operator is paused, and until its pending
// writes were recorded. The first operator is resumed when the second has progressed far
// enough.
func (w *way) holds() bool {
	if !w.died.IsZero() && !w.replaced {
		return true
	}
	if !w.first.layer.Paused() {
		return time.Since(w.resumed) < quiet
	}
	if w.stopped == "" {
		w.stopped = w.stage()
	}
	further := w.stopped != w.stage() && !w.mode.late
	if further || w.point.scenario.ended(w.superset()) {
		w.first.layer.Resume()
		w.resumed = time.Now()
	}
	return true
}

// ago returns the resource version of the Superset a number of states ago, or the
// one at the beginning.
func (t *trial) ago(states int, beginning string) string {
	if states == 0 {
		return beginning
	}
	from, err := strconv.ParseInt(beginning, 10, 64)
	if err != nil {
		return beginning
	}
	at := []int64{from}
	for _, c := range t.record.Story() {
		if _, ok := c.Obj.(*v1alpha1.Superset); ok && c.At > from {
			at = append(at, c.At)
		}
	}
	return strconv.FormatInt(at[max(0, len(at)-1-states)], 10)
}

// stage describes the current state of the machine.
func (t *trial) stage() string {
	s := t.superset()
	return fmt.Sprintf("%s, fence %d, generation %d", s.Status.Phase, s.Status.UpgradeRevision, s.Status.ObservedGeneration)
}
