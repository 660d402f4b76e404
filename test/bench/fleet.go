// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/sample"
)

// The releases of every part.
const (
	before = "5.0.0"
	after  = "6.0.0"
)

// rest is how long the operator is watched while nothing is to be done.
const rest = 20 * time.Second

// cost is what one step cost.
type cost struct {
	// took is the time from the first request of the user to the last Superset that is Ready.
	took time.Duration
	// cpu and requests are counted until the operator is idle again.
	cpu      cpuTimes
	requests requests
	// memory is the operator's resident memory right after it, peak the highest since its
	// start, in KiB.
	memory, peak int
}

// fleet is what a number of Supersets cost.
type fleet struct {
	n int
	// shared is true for one namespace with all of them, false for a namespace each.
	shared bool
	// empty is the resident memory without a Superset, in KiB.
	empty                         int
	install, upgrade, idle, again cost
	installed, upgraded           []phaseTime
}

// runFleet installs n Supersets, upgrades them, and then watches an idle and a new operator.
func (b *bench) runFleet(ctx context.Context, n int, shared bool) (f *fleet, err error) {
	f = &fleet{n: n, shared: shared}
	l, err := b.open(ctx, n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.startOperator(ctx, b); err != nil {
		return nil, err
	}
	if err := l.operator.Idle(ctx, 0); err != nil {
		return nil, err
	}
	if f.empty, _, err = l.operator.Memory(); err != nil {
		return nil, err
	}
	keys, err := l.prepare(ctx, n, shared)
	if err != nil {
		return nil, err
	}
	return f, f.steps(ctx, l, keys)
}

// steps are the measured steps.
func (f *fleet) steps(ctx context.Context, l *lab, keys []client.ObjectKey) (err error) {
	if f.install, err = l.measure(ctx, "install", l.everywhere(keys, "", before, l.create)); err != nil {
		return err
	}
	f.installed = l.timeline.take()
	if f.upgrade, err = l.measure(ctx, "upgrade", l.everywhere(keys, "", after, l.upgrade)); err != nil {
		return err
	}
	f.upgraded = l.timeline.take()
	f.idle, err = l.measure(ctx, "rest", func(ctx context.Context) (time.Duration, error) { return rest, sleep(ctx, rest) })
	if err != nil {
		return err
	}
	f.again, err = l.restart(ctx, len(keys))
	return err
}

// restart kills the operator and measures the next one until it is idle.
func (l *lab) restart(ctx context.Context, n int) (cost, error) {
	if _, err := l.audit.next(); err != nil {
		return cost{}, err
	}
	earlier, err := l.cpu()
	if err != nil {
		return cost{}, err
	}
	delete(earlier, nameOperator) // the next process begins at 0
	l.operator.Kill()
	begun := time.Now()
	if err := l.operator.Start(ctx); err != nil {
		return cost{}, err
	}
	if err := l.operator.Idle(ctx, n); err != nil {
		return cost{}, err
	}
	return l.result("restart", time.Since(begun), earlier)
}

// prepare creates the namespaces and Secrets, and returns the names of the Supersets.
func (l *lab) prepare(ctx context.Context, n int, shared bool) (keys []client.ObjectKey, err error) {
	var ns *corev1.Namespace
	for i := range n {
		if ns == nil || !shared {
			ns = sample.Namespace()
			if err := l.admin.Create(ctx, ns); err != nil {
				return nil, fmt.Errorf("creating a namespace: %w", err)
			}
		}
		key := client.ObjectKey{Namespace: ns.Name, Name: fmt.Sprintf("%s-%d", sample.Name, i)}
		secret := sample.Secret(key.Namespace)
		secret.Name = key.Name // a Secret is a database of its own
		if err := l.admin.Create(ctx, secret); err != nil {
			return nil, fmt.Errorf("creating a Secret: %w", err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// create creates one Superset as a user does.
func (l *lab) create(ctx context.Context, key client.ObjectKey, version string) error {
	s := sample.Superset(key.Namespace, version, func(s *v1alpha1.Superset) {
		s.Name, s.Spec.SecretKeyFrom.Name, s.Spec.Database.URIFrom.Name, s.Spec.Cache.URLFrom.Name = key.Name, key.Name, key.Name, key.Name
	})
	if err := l.admin.Create(ctx, s); err != nil {
		return fmt.Errorf("creating a Superset: %w", err)
	}
	l.timeline.expect(key, s.Generation)
	return nil
}

// upgrade sets the version of one Superset.
func (l *lab) upgrade(ctx context.Context, key client.ObjectKey, version string) error {
	return l.edit(ctx, key, fmt.Sprintf(`{"spec":{"version":%q}}`, version))
}

// edit applies a merge patch to one Superset.
func (l *lab) edit(ctx context.Context, key client.ObjectKey, patch string) error {
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	if err := l.admin.Patch(ctx, s, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		return fmt.Errorf("editing a Superset: %w", err)
	}
	l.timeline.expect(key, s.Generation)
	return nil
}

// everywhere does something to every Superset, and waits until all of a namespace are Ready
// at the version; an empty namespace means all.
func (l *lab) everywhere(keys []client.ObjectKey, namespace, version string, do func(context.Context, client.ObjectKey, string) error) func(context.Context) (time.Duration, error) {
	return func(ctx context.Context) (time.Duration, error) {
		begun := time.Now()
		for _, key := range keys {
			if err := do(ctx, key, version); err != nil {
				return 0, err
			}
		}
		if err := l.wait(ctx, namespace, version, len(keys)); err != nil {
			return 0, err
		}
		took := time.Since(begun)
		return took, l.settle(ctx, namespace, version)
	}
}

// wait waits until n Supersets are Ready at a version.
func (l *lab) wait(ctx context.Context, namespace, version string, n int) error {
	for said := time.Now(); ; {
		ready, _ := l.timeline.ready(namespace, version)
		if ready >= n {
			return nil
		}
		if time.Since(said) > 15*time.Second {
			said = time.Now()
			l.say("%d of %d are Ready at %s; phases: %v", ready, n, version, l.timeline.phases())
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for %d Supersets at %s: %d are Ready, the phases are %v: %w", n, version, ready, l.timeline.phases(), err)
		}
	}
}

// settle waits until nothing runs for any Superset, such as a pod that ends, and the operator
// is idle.
func (l *lab) settle(ctx context.Context, namespace, version string) error {
	for {
		if _, settled := l.timeline.ready(namespace, version); settled {
			return l.operator.Idle(ctx, 0)
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for the pods of the Supersets: %w", err)
		}
	}
}

// measure measures a step, which returns how long it took.
func (l *lab) measure(ctx context.Context, what string, step func(context.Context) (time.Duration, error)) (cost, error) {
	if _, err := l.audit.next(); err != nil {
		return cost{}, err
	}
	earlier, err := l.cpu()
	if err != nil {
		return cost{}, err
	}
	took, err := step(ctx)
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w", what, err)
	}
	return l.result(what, took, earlier)
}

// result reads the counters after a step.
func (l *lab) result(what string, took time.Duration, earlier cpuTimes) (c cost, err error) {
	now, err := l.cpu()
	if err != nil {
		return c, err
	}
	c.took, c.cpu = took, now.since(earlier)
	if c.requests, err = l.audit.next(); err != nil {
		return c, err
	}
	if c.memory, c.peak, err = l.operator.Memory(); err != nil {
		return c, err
	}
	l.say("%s: %.1f s, operator %.2f s of CPU, %d writes, %d reads, %d MiB", what, took.Seconds(), c.cpu[nameOperator].Seconds(),
		c.requests.writes+c.requests.events, c.requests.reads, c.memory/1024)
	return c, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
