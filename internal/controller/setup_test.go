// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/superset-operator/superset-operator/internal/controller/superset"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
	"github.com/superset-operator/superset-operator/internal/metrics"
)

// A second manager in one process replaces the state gauges of the first.
func TestRegisterTwice(t *testing.T) {
	for range 2 {
		c := fake.NewClientBuilder().WithScheme(watch.Scheme()).Build()
		if err := register(&metrics.Collector{Reader: c, Waits: (&superset.Reconciler{}).WaitsForSlot}); err != nil {
			t.Fatal(err)
		}
	}
}
