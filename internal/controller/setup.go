// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/component"
	"github.com/superset-operator/superset-operator/internal/controller/slots"
	"github.com/superset-operator/superset-operator/internal/controller/superset"
	"github.com/superset-operator/superset-operator/internal/controller/watch"
	"github.com/superset-operator/superset-operator/internal/metrics"
)

// LeaseName is the name of the lease that the leader among several managers holds.
const LeaseName = "superset-operator.dev"

// gracePeriod is how long a manager that ends waits for reconciles under way.
const gracePeriod = 20 * time.Second

// Options are what every manager of the operator has in common; the caller adds its
// endpoints and its leader election. Namespaces limits it to these; none means all.
func Options(namespaces []string) ctrl.Options {
	timeout := gracePeriod
	return ctrl.Options{
		Scheme:                        watch.Scheme(),
		Cache:                         watch.Cache(namespaces),
		Client:                        client.Options{Cache: &client.CacheOptions{}},
		LeaderElectionID:              LeaseName,
		LeaderElectionReleaseOnCancel: true, // the process ends right after
		GracefulShutdownTimeout:       &timeout,
	}
}

// Settings are what an administrator chooses for all Supersets.
type Settings struct {
	// Concurrency is how many objects of each kind are reconciled at a time: 1 or more.
	Concurrency int
	// Limits is how many runs may be under way at a time; by default any number.
	Limits slots.Limits
	// SecretsInterval is how often the metadata of the Secrets in spec.refreshSecrets of a Superset
	// is read; 0 for secrets.DefaultInterval.
	SecretsInterval time.Duration
}

// Setup registers every controller and the state gauges with a manager. The namespaces are
// those of its Options, and the platform is that of its cluster: see Inspect.
func Setup(mgr ctrl.Manager, namespaces []string, p components.Platform, settings Settings) error {
	if err := watch.AddIndexes(context.Background(), mgr.GetFieldIndexer()); err != nil {
		return err
	}
	supersets := superset.New(mgr, namespaces, p, clock, settings.Limits)
	supersets.Secrets.Interval = settings.SecretsInterval
	if err := supersets.SetupWithManager(mgr, settings.Concurrency); err != nil {
		return fmt.Errorf("setting up the Superset controller: %w", err)
	}
	for _, d := range components.Catalog {
		if err := component.New(mgr, d, p, clock).SetupWithManager(mgr, settings.Concurrency); err != nil {
			return fmt.Errorf("setting up the %s controller: %w", d.Name, err)
		}
	}
	return register(&metrics.Collector{Reader: mgr.GetCache(), Waits: supersets.WaitsForSlot})
}

// register replaces the state gauges of an earlier manager in the same process.
func register(c prometheus.Collector) error {
	err := registry.Registry.Register(c)
	var earlier prometheus.AlreadyRegisteredError
	if errors.As(err, &earlier) {
		registry.Registry.Unregister(earlier.ExistingCollector)
		err = registry.Registry.Register(c)
	}
	if err != nil {
		return fmt.Errorf("registering the state gauges: %w", err)
	}
	return nil
}

// clock is the only source of time.
func clock() time.Time { return time.Now() }
