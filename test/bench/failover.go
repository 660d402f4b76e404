// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/operator"
)

// namespaceOfOperator is where its lease is.
const namespaceOfOperator = "superset-operator-system"

// signals by name, in the order of the table.
var signals = []struct {
	name   string
	signal syscall.Signal
}{{"SIGTERM", syscall.SIGTERM}, {"SIGKILL", syscall.SIGKILL}}

// failover is what a run without other load, and the end of a leader, cost.
type failover struct {
	n int
	// alone are the phases of upgrades that run one after another.
	alone []phaseTime
	// gaps are the times from a signal to the next move, by signal.
	gaps map[string][]time.Duration
	// duplicates are the Jobs and pods of Jobs beyond the first of a script of a run.
	duplicates int
}

// pair is a leader and its standby.
type pair struct {
	*lab
	bench   *bench
	standby *operator.Process
}

// runFailover upgrades Supersets one by one, and then ends the leader while all of them move.
func (b *bench) runFailover(ctx context.Context) (f *failover, err error) {
	l, err := b.open(ctx, b.few)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.startOperator(ctx, b, electing...); err != nil {
		return nil, err
	}
	f = &failover{n: b.few, gaps: map[string][]time.Duration{}}
	keys, err := l.prepare(ctx, b.few, true)
	if err != nil {
		return nil, err
	}
	if _, err := l.everywhere(keys, "", before, l.create)(ctx); err != nil {
		return nil, err
	}
	if f.alone, err = l.upgradeInTurn(ctx, keys); err != nil {
		return nil, err
	}
	p := &pair{lab: l, bench: b}
	if err := p.addStandby(ctx); err != nil {
		return nil, err
	}
	if err := p.failOvers(ctx, f, keys); err != nil {
		return nil, err
	}
	f.duplicates = l.timeline.duplicates()
	return f, nil
}

// failOvers ends a leader by each signal in turn.
func (p *pair) failOvers(ctx context.Context, f *failover, keys []client.ObjectKey) error {
	for round := range p.bench.failovers {
		for _, s := range signals {
			gap, err := p.failOver(ctx, keys, s.signal, fmt.Sprintf("%s %d", s.name, round+1))
			if err != nil {
				return err
			}
			f.gaps[s.name] = append(f.gaps[s.name], gap)
			p.say("%s: the next move after %.2f s", s.name, gap.Seconds())
		}
	}
	return nil
}

// electing are the flags of a manager with a standby.
var electing = []string{"-leader-elect", "-leader-election-namespace=" + namespaceOfOperator}

// upgradeInTurn upgrades one Superset after another, and returns their phases.
func (l *lab) upgradeInTurn(ctx context.Context, keys []client.ObjectKey) ([]phaseTime, error) {
	l.timeline.take()
	for i, key := range keys {
		if err := l.upgrade(ctx, key, after); err != nil {
			return nil, err
		}
		if err := l.wait(ctx, "", after, i+1); err != nil {
			return nil, err
		}
		if err := l.settle(ctx, "", after); err != nil {
			return nil, err
		}
	}
	return l.timeline.take(), nil
}

// addStandby starts another manager, which waits for the lease.
func (p *pair) addStandby(ctx context.Context) (err error) {
	if p.standby, err = p.manager(p.bench, electing...); err != nil {
		return err
	}
	return p.standby.Start(ctx)
}

// failOver changes every Superset, ends the leader while they move, and measures the time from
// the signal to the next move. Then the standby is the leader.
func (p *pair) failOver(ctx context.Context, keys []client.ObjectKey, signal syscall.Signal, config string) (time.Duration, error) {
	for _, key := range keys {
		if err := p.edit(ctx, key, fmt.Sprintf(`{"spec":{"config":{"raw":%q}}}`, "# "+config)); err != nil {
			return 0, err
		}
	}
	if err := p.untilHalf(ctx, len(keys)); err != nil {
		return 0, err
	}
	begun := time.Now()
	p.operator.End(signal)
	version, err := p.version(ctx)
	if err != nil {
		return 0, err
	}
	p.operator = p.standby
	for {
		if at, ok := p.timeline.moveAfter(version); ok {
			if err := p.addStandby(ctx); err != nil {
				return 0, err
			}
			return at.Sub(begun), p.finish(ctx, len(keys))
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return 0, fmt.Errorf("waiting for the first move of a standby: %w", err)
		}
	}
}

// untilHalf waits until half of the Supersets are between Validate and the end of their run.
func (p *pair) untilHalf(ctx context.Context, n int) error {
	for {
		phases := p.timeline.phases()
		if moving := n - phases[v1alpha1.PhaseReady] - phases[v1alpha1.PhaseValidate]; 2*moving >= n {
			return nil
		}
		if ended, _ := p.timeline.ready("", after); ended == n {
			return errors.New("ending the leader: every run has ended before half of them were under way; use a larger -few")
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for runs to begin: the phases are %v: %w", phases, err)
		}
	}
}

// finish waits until every run has ended.
func (p *pair) finish(ctx context.Context, n int) error {
	if err := p.wait(ctx, "", after, n); err != nil {
		return err
	}
	return p.settle(ctx, "", after)
}

// version is the newest resource version.
func (l *lab) version(ctx context.Context) (int64, error) {
	list := &corev1.NamespaceList{}
	if err := l.admin.List(ctx, list, client.Limit(1)); err != nil {
		return 0, fmt.Errorf("reading the newest resource version: %w", err)
	}
	version, err := strconv.ParseInt(list.ResourceVersion, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading the newest resource version: %w", err)
	}
	return version, nil
}
