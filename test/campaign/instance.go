// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr/funcr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller"
	"github.com/superset-operator/superset-operator/internal/controller/slots"
	"github.com/superset-operator/superset-operator/test/campaign/fault"
)

// instance is one operator; to the API server it looks like a process of its own.
type instance struct {
	layer *fault.Layer
	// synced is closed when its caches are filled for the first time.
	synced chan struct{}
	ended  chan struct{}
	cancel context.CancelFunc
	once   sync.Once

	mu  sync.Mutex
	log []string
}

// setting guards the registration of global state: metrics.
var setting sync.Mutex

// begin starts an operator for one namespace. When it ends without being stopped,
// it is restarted behind the same layer, as a kubelet would do.
func (l *lab) begin(ctx context.Context, ns string, o fault.Options, elect bool) *instance {
	ctx, cancel := context.WithCancel(ctx)
	i := &instance{layer: fault.New(o), synced: make(chan struct{}), ended: make(chan struct{}), cancel: cancel}
	go func() {
		select {
		case <-i.layer.Dead():
			cancel()
		case <-ctx.Done():
		}
	}()
	go func() {
		defer close(i.ended)
		for ctx.Err() == nil {
			if err := i.run(ctx, l, ns, elect); err != nil && ctx.Err() == nil {
				i.note("ended: " + err.Error())
				select {
				case <-ctx.Done():
				case <-time.After(100 * time.Millisecond):
				}
			}
		}
	}()
	return i
}

// run is one life of the process.
func (i *instance) run(ctx context.Context, l *lab, ns string, elect bool) error {
	mgr, err := i.manager(l, ns, elect)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		if mgr.GetCache().WaitForCacheSync(ctx) {
			i.once.Do(func() { close(i.synced) })
		}
	}()
	return mgr.Start(ctx)
}

// Leases in a campaign are short, so that they expire within a test.
const (
	leaseDuration = 3 * time.Second
	renewDeadline = 2 * time.Second
	retryPeriod   = 300 * time.Millisecond
)

// manager is wired as in cmd/manager, behind the layer.
func (i *instance) manager(l *lab, ns string, elect bool) (ctrl.Manager, error) {
	through := rest.CopyConfig(l.operator)
	through.Wrap(i.layer.Wrap)
	o := controller.Options([]string{ns})
	o.Metrics = metricsserver.Options{BindAddress: "0"}
	o.HealthProbeBindAddress = "0"
	o.Logger = funcr.New(func(prefix, args string) { i.note(prefix + " " + args) }, funcr.Options{Verbosity: 1})
	skip := true
	o.Controller = config.Controller{SkipNameValidation: &skip} // there are many in this process
	if elect {
		// The shipped role allows a lease only in the operator's own namespace, and
		// each point needs its own lease.
		lease := l.cluster.REST()
		lease.Wrap(i.layer.Wrap)
		duration, deadline, period := leaseDuration, renewDeadline, retryPeriod
		o.LeaderElection, o.LeaderElectionNamespace, o.LeaderElectionConfig = true, ns, lease
		o.LeaseDuration, o.RenewDeadline, o.RetryPeriod = &duration, &deadline, &period
	}
	setting.Lock()
	defer setting.Unlock()
	mgr, err := ctrl.NewManager(through, o)
	if err != nil {
		return nil, fmt.Errorf("creating the manager: %w", err)
	}
	return mgr, controller.Setup(mgr, []string{ns}, components.Platform{}, controller.Settings{Concurrency: 8, Limits: slots.Limits{Rollouts: 1}})
}

// note keeps the newest lines of the log.
func (i *instance) note(line string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.log) > 2000 {
		i.log = i.log[1000:]
	}
	i.log = append(i.log, line)
}

// stop stops it, and waits.
func (i *instance) stop() error {
	i.cancel()
	i.layer.Resume()
	select {
	case <-i.ended:
		return nil
	case <-time.After(time.Minute):
		return errors.New("an operator did not stop within a minute:\n" + strings.Join(i.logged(), "\n"))
	}
}

func (i *instance) logged() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.log...)
}
