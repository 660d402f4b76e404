// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Deadlines count working time. Neither a pause nor a time without an operator that is longer
// than the deadline ends a healthy rollout. Not parallel: all tests share the operator.
func TestDeadlinesCountWorkingTime(t *testing.T) {
	held, absent := newFixture(t), newFixture(t)
	all := []*fixture{held, absent}
	for _, f := range all {
		f.create("5.0.0", readyAfter(short/2), deadlines(v1alpha1.Deadlines{Workers: lasts(short)}))
	}
	for _, f := range all {
		f.ready("5.0.0")
		f.edit(version("6.0.0"))
	}
	for _, f := range all {
		f.phase(v1alpha1.PhaseUpgradeWorkers)
	}
	held.edit(paused(true))
	held.until("paused", func(s *v1alpha1.Superset) bool { return condition(s, v1alpha1.ConditionPaused).Type != "" })
	operator.kill()
	time.Sleep(short + time.Second) // the deadline passes
	must(t, operator.start())
	held.edit(paused(false))
	for _, f := range all {
		f.ready("6.0.0")
	}
}

// readyAfter delays the readiness of the workers.
func readyAfter(d time.Duration) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) {
		s.Spec.Worker.PodTemplate = &runtime.RawExtension{Raw: fmt.Appendf(nil, `{"metadata":{"annotations":{"pod-ready.test/delay":%q}}}`, d)}
	}
}
