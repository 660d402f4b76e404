// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// In a resting phase the operator writes nothing: not in five reconciliations
// after a restart, and not after an irrelevant change of an object. Not parallel:
// it restarts the operator.
func TestNoWritesInRestingPhase(t *testing.T) {
	ready, back, fails := newFixture(t), newFixture(t), newFixture(t)
	ready.create("5.0.0", statsd("registry.example.com/statsd:1"), health(true))
	back.create("5.0.0")
	fails.create("6.0.0", tag("6.0.0-preflight-fails"))
	ready.ready("5.0.0")
	back.ready("5.0.0")
	back.edit(version("6.0.0"), tag("6.0.0-verify-fails"))
	back.rolledBack("5.0.0")
	fails.phase(v1alpha1.PhaseFailed)
	all := []*fixture{ready, back, fails}
	for _, f := range all {
		f.settled()
	}
	operator.idle(t)
	before := counts(t, all)
	for i := range 5 {
		operator.restart(t)
		operator.idle(t)
		for _, f := range all {
			f.edit(annotation("example.com/touched", fmt.Sprint(i)))
		}
		operator.idle(t)
	}
	for i, f := range all {
		if now := writes(t, f.ns); len(now) > before[i] {
			t.Errorf("Superset %d: %v were written in a resting phase", i, now[before[i]:])
		}
	}
}

// A restart reads each kind once, however many Supersets there are: their caches are checked
// against one look. Not parallel: it restarts the operator.
func TestReadsOfARestart(t *testing.T) {
	measured := func() []string {
		operator.idle(t)
		offset := auditSize(t)
		operator.restart(t)
		operator.idle(t)
		return reads(t, offset)
	}
	first := newFixture(t)
	first.install("5.0.0")
	first.settled()
	one := measured()
	var more []*fixture
	for range 3 {
		f := newFixture(t)
		f.create("5.0.0")
		more = append(more, f)
	}
	for _, f := range more {
		f.ready("5.0.0")
		f.settled()
	}
	four := measured()
	t.Logf("%d reads with one Superset, %d with four", len(one), len(four))
	if len(one) > 40 || len(four) > len(one) {
		t.Errorf("a restart reads more with four Supersets than with one:\n%s\n\n%s", strings.Join(one, "\n"), strings.Join(four, "\n"))
	}
}

func counts(t *testing.T, all []*fixture) []int {
	var out []int
	for _, f := range all {
		out = append(out, len(writes(t, f.ns)))
	}
	return out
}

// settled waits until the components have reported their newest spec, and no pod
// is ending.
func (f *fixture) settled() {
	f.t.Helper()
	eventually(f.t, "no pod is being deleted", func() bool {
		for _, pod := range f.tierPods() {
			if pod.DeletionTimestamp != nil || !podIsReady(&pod) {
				return false
			}
		}
		return true
	})
}

// idle waits until the operator has reconciled everything since it started, and
// its queues are empty.
func (p *process) idle(t *testing.T) {
	t.Helper()
	eventually(t, "the operator is idle", func() bool {
		for range 3 { // a write of one controller can trigger another
			looked := 0
			for series, value := range p.scrape(t) {
				switch {
				case strings.HasPrefix(series, "workqueue_depth{"), strings.HasPrefix(series, "controller_runtime_active_workers{"):
					if number(t, value) != 0 {
						return false
					}
				case strings.HasPrefix(series, `controller_runtime_reconcile_total{controller="superset",result="success"}`):
					looked = int(number(t, value))
				}
			}
			if looked < 1 {
				return false
			}
		}
		return true
	})
}

// The caches hold only the operator's own objects: 60 MB of foreign ConfigMaps
// make no difference as large as a cache of them would.
func TestMemoryIsIndependentOfClusterSize(t *testing.T) {
	f := newFixture(t)
	f.install("5.0.0")
	measured := func() int {
		operator.restart(t)
		operator.idle(t)
		return operator.rss(t)
	}
	without := measured()
	for i := range 300 {
		must(t, k8s.Create(t.Context(), &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("foreign-%d", i), Namespace: f.ns},
			Data:       map[string]string{"data": strings.Repeat("x", 200_000)},
		}))
	}
	with := measured()
	t.Logf("%d MiB without, %d MiB with 300 foreign ConfigMaps of 200 kB", without, with)
	if with > without+without/2 {
		t.Errorf("%d MiB with 60 MB of foreign ConfigMaps in the cluster, %d MiB without", with, without)
	}
}
