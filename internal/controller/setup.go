// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/superset-operator/superset-operator/internal/components"
)

// Setup registers every controller and the state gauges with a manager.
func Setup(mgr ctrl.Manager, concurrency int) error {
	if err := NewSupersetReconciler(mgr).SetupWithManager(mgr, concurrency); err != nil {
		return fmt.Errorf("setting up the Superset controller: %w", err)
	}
	for _, d := range components.Catalog {
		if err := NewComponentReconciler(mgr, d).SetupWithManager(mgr, concurrency); err != nil {
			return fmt.Errorf("setting up the %s controller: %w", d.Name, err)
		}
	}
	return registerState(&Collector{Reader: mgr.GetCache()})
}

// registerState puts the state gauges of this manager in the place of those of
// one that ran before in the same process.
func registerState(c *Collector) error {
	err := metrics.Registry.Register(c)
	var before prometheus.AlreadyRegisteredError
	if errors.As(err, &before) {
		metrics.Registry.Unregister(before.ExistingCollector)
		err = metrics.Registry.Register(c)
	}
	if err != nil {
		return fmt.Errorf("registering the state gauges: %w", err)
	}
	return nil
}
