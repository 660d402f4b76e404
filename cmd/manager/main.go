// SPDX-License-Identifier: Apache-2.0

// The manager runs the operator: it wires the controllers, and decides nothing.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"os"
	"strings"
	_ "time/tzdata" // maintenance windows name time zones, and an image from scratch has none

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/superset-operator/superset-operator/internal/controller"
	"github.com/superset-operator/superset-operator/internal/version"
)

// settings are the flags.
type settings struct {
	metricsAddress string
	metricsSecure  bool
	probeAddress   string
	leaderElect    bool
	leaseNamespace string
	namespaces     []string
	concurrency    int
	log            zap.Options
}

func parse(arguments []string) (settings, error) {
	var s settings
	f := flag.NewFlagSet("manager", flag.ContinueOnError)
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "The Superset operator (%s): staged upgrades of Apache Superset on Kubernetes.\n\nUsage: manager [flags]\n\n", version.Version)
		f.PrintDefaults()
	}
	f.StringVar(&s.metricsAddress, "metrics-bind-address", ":8443", "address of the metrics endpoint; 0 turns it off")
	f.BoolVar(&s.metricsSecure, "metrics-secure", true, "serve metrics by HTTPS, to those whom the API server lets read them")
	f.StringVar(&s.probeAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 turns them off")
	f.BoolVar(&s.leaderElect, "leader-elect", false, "let only one of several managers work")
	f.StringVar(&s.leaseNamespace, "leader-election-namespace", "", "namespace of the lease; by default that of the pod")
	f.Func("namespaces", "comma-separated `names` of the namespaces to work in; by default all", s.setNamespaces)
	f.IntVar(&s.concurrency, "concurrency", 8, "how many objects of each kind are worked on at once")
	s.log.BindFlags(f)
	config.RegisterFlags(f)
	if err := f.Parse(arguments); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("%q is no flag: write it with a leading dash", f.Arg(0))
	}
	if s.concurrency < 1 {
		return s, fmt.Errorf("-concurrency is %d: write 1 or more", s.concurrency)
	}
	return s, nil
}

// setNamespaces refuses an empty name: the cache would take it for all of them.
func (s *settings) setNamespaces(list string) error {
	s.namespaces = nil
	if list == "" {
		return nil
	}
	for _, name := range strings.Split(list, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			return fmt.Errorf("an empty name in %q", list)
		}
		s.namespaces = append(s.namespaces, name)
	}
	return nil
}

func main() {
	s, err := parse(os.Args[1:])
	switch {
	case err == flag.ErrHelp: //nolint:errorlint // flag returns it bare
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(2)
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&s.log)))
	if err := run(s); err != nil {
		ctrl.Log.Error(err, "ended")
		os.Exit(1)
	}
}

func run(s settings) error {
	cluster, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	cluster.QPS = -1 // the API server's own fairness is the limit
	mgr, err := ctrl.NewManager(cluster, options(s))
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	if err := controller.Setup(mgr, s.concurrency); err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("healthz", healthz.Ping); err != nil {
		return fmt.Errorf("adding the health check: %w", err)
	}
	if err := mgr.AddReadyzCheck("readyz", healthz.Ping); err != nil {
		return fmt.Errorf("adding the readiness check: %w", err)
	}
	ctrl.Log.Info("starting", "version", version.Version)
	if err := mgr.Start(ctrl.SetupSignalHandler()); err != nil {
		return fmt.Errorf("running the manager: %w", err)
	}
	return nil
}

func options(s settings) ctrl.Options {
	m := metricsserver.Options{BindAddress: s.metricsAddress, SecureServing: s.metricsSecure}
	if s.metricsSecure {
		m.FilterProvider = filters.WithAuthenticationAndAuthorization
		m.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }} // HTTP/2 has had resets that exhaust servers
	}
	o := controller.Options(s.namespaces)
	o.Metrics = m
	o.HealthProbeBindAddress = s.probeAddress
	o.LeaderElection = s.leaderElect
	o.LeaderElectionNamespace = s.leaseNamespace
	return o
}
