// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// choice is what a campaign runs.
type choice struct {
	// scenarios and modes by name; empty means all of them.
	scenarios, modes []string
	// k is the only point to run; 0 means all. every runs only every nth point.
	k, every int
	// atOnce is the number of parallel points.
	atOnce int
	// seed determines the order of the points, and so which points run at the same
	// time.
	seed uint64
	// thorough runs every mode in every scenario.
	thorough bool
	// failFast stops the campaign at the first divergence.
	failFast bool
	// resume skips the points that an earlier run of the same program ran.
	resume bool
}

// errEnough ends a campaign with failFast at the first divergence.
var errEnough = errors.New("a point diverged")

// campaign is one run of many points.
type campaign struct {
	choice
	lab *lab
	out io.Writer

	mu         sync.Mutex
	references map[string]*reference
	results    []result
	begun      time.Time
	// memory stores the points that ran; last is when the last point ended, and
	// earlier is how many seconds an earlier run took for the skipped points.
	memory  *memory
	last    time.Time
	earlier float64
}

func newCampaign(l *lab, c choice, out io.Writer) *campaign {
	return &campaign{choice: c, lab: l, out: out, references: map[string]*reference{}, begun: time.Now()}
}

// run runs all points of the choice. Its error is about the campaign itself; the
// outcome of the points is in results.
func (c *campaign) run(ctx context.Context) error {
	chosen := c.chosen()
	if err := c.runUndisturbed(ctx, c.unknown(chosen)); err != nil {
		return err
	}
	points := c.points(chosen)
	if len(points) == 0 {
		return errors.New("the flags select no point; -list shows scenarios and modes")
	}
	total := len(points)
	if c.resume {
		if err := c.resumeEarlier(&points); err != nil {
			return err
		}
	}
	shuffle := rand.New(rand.NewPCG(c.seed, 0))
	shuffle.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	err := inParallel(ctx, c.atOnce, points, func(ctx context.Context, p point) error {
		r, err := c.lab.try(ctx, p, c.references[p.scenario.key()])
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if err := c.record(r, total); err != nil {
			return err
		}
		if c.failFast && r.diff != "" {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// chosen are the scenarios of the choice.
func (c *campaign) chosen() (list []*scenario) {
	for i := range scenarios {
		if named(c.scenarios, scenarios[i].name) {
			list = append(list, &scenarios[i])
		}
	}
	return list
}

// unknown are the scenarios whose undisturbed run the points need and the campaign does not
// have.
func (c *campaign) unknown(chosen []*scenario) (list []*scenario) {
	all, known := modes(), map[string]bool{}
	for _, s := range chosen {
		for i := range all {
			needed := all[i].of(s)
			if key := needed.key(); c.goesThrough(s, &all[i]) && !known[key] && c.references[key] == nil {
				known[key] = true
				list = append(list, needed)
			}
		}
	}
	return list
}

// resumeEarlier resumes an earlier run of this program.
func (c *campaign) resumeEarlier(points *[]point) error {
	m, before, err := recall(c.lab.failures)
	if err != nil {
		return err
	}
	c.memory, c.last = m, time.Now()
	all := len(*points)
	*points = c.without(*points, before)
	if done := all - len(*points); done > 0 {
		_, _ = fmt.Fprintf(c.out, "campaign: %d of %d points ran before and are skipped\n", done, all)
	}
	return nil
}

func named(names []string, name string) bool { return len(names) == 0 || slices.Contains(names, name) }

// runUndisturbed runs each scenario undisturbed, twice: a difference between the
// two would count as a divergence of every point.
func (c *campaign) runUndisturbed(ctx context.Context, chosen []*scenario) error {
	return inParallel(ctx, c.atOnce, append(slices.Clone(chosen), chosen...), func(ctx context.Context, s *scenario) error {
		r, err := c.lab.undisturbed(ctx, s)
		if err != nil {
			return fmt.Errorf("%s, undisturbed: %w", s.key(), err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		before, ok := c.references[s.key()]
		if !ok {
			c.references[s.key()] = r
			return nil
		}
		if d := diff(before.facts, r.facts); d != "" {
			return fmt.Errorf("%s: two undisturbed runs differ (-first +second):\n%s", s.key(), d)
		}
		if len(r.writes) > len(before.writes) {
			before.writes = r.writes
		}
		before.requests = max(before.requests, r.requests)
		_, _ = fmt.Fprintf(c.out, "campaign: %s undisturbed: %d writes, %d requests, %.1f s\n", s.key(), len(before.writes), before.requests, r.took.Seconds())
		return nil
	})
}

// points are those of the choice.
func (c *campaign) points(chosen []*scenario) []point {
	var out []point
	all := modes()
	for _, s := range chosen {
		for i := range all {
			if !c.goesThrough(s, &all[i]) {
				continue
			}
			s := all[i].of(s)
			for k := 1; k <= all[i].points(c.references[s.key()]); k++ {
				if c.k == 0 && (k-1)%c.every == 0 || c.k == k {
					out = append(out, point{s, &all[i], k})
				}
			}
		}
	}
	return out
}

// goesThrough is true for a mode that was named or, if none was, whose reach
// includes the scenario.
func (c *campaign) goesThrough(s *scenario, m *mode) bool {
	if len(c.modes) > 0 {
		return slices.Contains(c.modes, m.name)
	}
	if len(m.in) > 0 {
		return c.thorough || slices.Contains(m.in, s.name)
	}
	return c.thorough || m.reach == everywhere || m.reach == thorough && s.thorough
}

// inParallel runs a function for each item, a number of them at the same time,
// until one fails.
func inParallel[T any](ctx context.Context, atOnce int, items []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan T)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for item := range work {
				if err := do(ctx, item); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
feed:
	for _, item := range items {
		select {
		case work <- item:
		case <-ctx.Done():
			break feed
		}
	}
	close(work)
	workers.Wait()
	return context.Cause(ctx)
}
