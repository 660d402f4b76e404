// SPDX-License-Identifier: Apache-2.0

// Command manager runs the operator: it parses the flags and starts the controllers.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"
	_ "time/tzdata" // maintenance windows use time zones, and an image built from scratch has no database of them

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/superset-operator/superset-operator/internal/controller"
	"github.com/superset-operator/superset-operator/internal/controller/secrets"
	"github.com/superset-operator/superset-operator/internal/version"
)

// settings are the values of the flags.
type settings struct {
	metricsAddress string
	metricsSecure  bool
	probeAddress   string
	leaderElect    bool
	leaseNamespace string
	namespaces     []string
	controllers    controller.Settings
	minKubernetes  string
	check          bool
	log            zap.Options
}

func parse(arguments []string) (settings, error) {
	var s settings
	f := flag.NewFlagSet("manager", flag.ContinueOnError)
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "The Superset operator (%s): staged upgrades of Apache Superset on Kubernetes.\n\nUsage: manager [flags]\n\n", version.Version)
		f.PrintDefaults()
	}
	f.StringVar(&s.metricsAddress, "metrics-bind-address", ":8443", "address of the metrics endpoint, or 0 to disable it")
	f.BoolVar(&s.metricsSecure, "metrics-secure", true, "serve metrics over HTTPS, and only to clients that the API server authenticates and authorizes")
	f.StringVar(&s.probeAddress, "health-probe-bind-address", ":8081", "address of the probe endpoints /healthz and /readyz, or 0 to disable them")
	f.BoolVar(&s.leaderElect, "leader-elect", false, "enable leader election, so that only one of several managers is active")
	f.StringVar(&s.leaseNamespace, "leader-election-namespace", "", "namespace of the leader election lease (default: the namespace of the pod)")
	f.Func("namespaces", "comma-separated `names` of the namespaces to watch (default: all namespaces)", s.setNamespaces)
	f.IntVar(&s.controllers.Concurrency, "concurrency", 8, "number of objects of each kind that are reconciled concurrently: 1 or more")
	f.IntVar(&s.controllers.Limits.Rollouts, "max-rollouts", 1, "number of Supersets that are rolled out at a time because this operator release renders them differently; 0 for no limit")
	f.IntVar(&s.controllers.Limits.Upgrades, "max-upgrades", 0, "number of Supersets that are upgraded at a time because their spec has changed; 0 for no limit. A rollback never waits")
	f.DurationVar(&s.controllers.SecretsInterval, "secrets-interval", secrets.DefaultInterval, "how often the metadata of the Secrets in spec.refreshSecrets of a Superset is read: 1s or more")
	f.StringVar(&s.minKubernetes, "min-kubernetes", controller.MinKubernetes, "oldest Kubernetes `release` to run on; an older one than the default is not tested")
	f.BoolVar(&s.check, "check", false, "check the cluster and exit: its Kubernetes release, the CRDs, and the permission to read them")
	s.log.BindFlags(f)
	config.RegisterFlags(f)
	if err := f.Parse(arguments); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q: flags start with a dash", f.Arg(0))
	}
	if s.controllers.Concurrency < 1 {
		return s, fmt.Errorf("invalid -concurrency %d: must be 1 or more", s.controllers.Concurrency)
	}
	if l := s.controllers.Limits; l.Rollouts < 0 || l.Upgrades < 0 {
		return s, fmt.Errorf("invalid -max-rollouts %d or -max-upgrades %d: must be 0 or more", l.Rollouts, l.Upgrades)
	}
	if s.controllers.SecretsInterval < time.Second {
		return s, fmt.Errorf("invalid -secrets-interval %s: must be 1s or more", s.controllers.SecretsInterval)
	}
	if err := controller.CheckMinKubernetes(s.minKubernetes); err != nil {
		return s, fmt.Errorf("invalid -min-kubernetes: %w", err)
	}
	return s, nil
}

// setNamespaces parses the flag -namespaces. It refuses an empty name, because for the
// cache an empty name means all namespaces.
func (s *settings) setNamespaces(list string) error {
	s.namespaces = nil
	if list == "" {
		return nil
	}
	for _, name := range strings.Split(list, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			return fmt.Errorf("empty namespace name in %q", list)
		}
		s.namespaces = append(s.namespaces, name)
	}
	return nil
}

func main() {
	s, err := parse(os.Args[1:])
	switch {
	case err == flag.ErrHelp: //nolint:errorlint // flag returns it unwrapped
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(2)
	}
	ctrl.SetLogger(s.logger())
	if err := run(s); err != nil {
		ctrl.Log.Error(err, "manager stopped")
		os.Exit(1)
	}
}

// logger is the logger that the flags configure. client-go uses it too, so that its lines have
// the same format.
func (s *settings) logger() logr.Logger {
	l := zap.New(zap.UseFlagOptions(&s.log))
	klog.SetLogger(l)
	return l
}

func run(s settings) error {
	if err := aimBelowLimit(os.Getenv, debug.SetMemoryLimit); err != nil {
		return err
	}
	cluster, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("reading the cluster configuration: %w", err)
	}
	cluster.QPS = -1 // no client-side limit: the API server has priority and fairness
	if s.check {
		return controller.Check(ctrl.SetupSignalHandler(), cluster, s.namespaces, s.minKubernetes)
	}
	platform, err := controller.Inspect(cluster, s.minKubernetes)
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(cluster, options(s))
	if err != nil {
		return fmt.Errorf("creating the manager: %w", err)
	}
	if err := controller.Setup(mgr, s.namespaces, platform, s.controllers); err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("healthz", healthz.Ping); err != nil {
		return fmt.Errorf("adding the health check: %w", err)
	}
	if err := mgr.AddReadyzCheck("readyz", healthz.Ping); err != nil {
		return fmt.Errorf("adding the readiness check: %w", err)
	}
	ctrl.Log.Info("starting", "version", version.Version, "assignedIDs", platform.AssignsIDs)
	if err := mgr.Start(ctrl.SetupSignalHandler()); err != nil {
		return fmt.Errorf("running the manager: %w", err)
	}
	return nil
}

func options(s settings) ctrl.Options {
	m := metricsserver.Options{BindAddress: s.metricsAddress, SecureServing: s.metricsSecure}
	if s.metricsSecure {
		m.FilterProvider = filters.WithAuthenticationAndAuthorization
		m.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }} // HTTP/2 is disabled because of rapid reset attacks
	}
	o := controller.Options(s.namespaces)
	o.Metrics = m
	o.HealthProbeBindAddress = s.probeAddress
	o.LeaderElection = s.leaderElect
	o.LeaderElectionNamespace = s.leaseNamespace
	return o
}
