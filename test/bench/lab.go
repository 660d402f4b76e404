// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/controller"
	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/cluster/world"
	"github.com/superset-operator/superset-operator/test/operator"
)

// lab is a new cluster with one operator. Every part of a run has its own.
type lab struct {
	dir      string
	cluster  *cluster.Cluster
	admin    client.Client
	timeline *timeline
	audit    *auditLog
	progress io.Writer
	begun    time.Time
	cancel   context.CancelFunc
	// operator is the one that is measured.
	operator *operator.Process
	managers []*operator.Process
}

// open starts a cluster that has room for n Supersets, without an operator.
func (b *bench) open(ctx context.Context, n int) (*lab, error) {
	ctx, cancel := context.WithCancel(ctx)
	l := &lab{progress: b.progress, begun: time.Now(), cancel: cancel, timeline: newTimeline()}
	for _, step := range []func(context.Context) error{
		l.startCluster,
		func(ctx context.Context) error { return operator.Install(ctx, l.cluster) },
		func(ctx context.Context) error { return l.addNodes(ctx, n) },
		l.startWorld,
		l.follow,
	} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, l.close())
		}
	}
	return l, nil
}

func (l *lab) startCluster(ctx context.Context) (err error) {
	if l.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return fmt.Errorf("creating a folder: %w", err)
	}
	l.cluster, err = cluster.Start(ctx, cluster.Options{Dir: filepath.Join(l.dir, "cluster"), Kwok: true, AuditLog: true})
	if err != nil {
		return err
	}
	l.audit = &auditLog{path: l.cluster.AuditLog}
	l.admin, err = client.New(l.cluster.REST(), client.Options{Scheme: controller.Options(nil).Scheme})
	if err != nil {
		return fmt.Errorf("creating a client: %w", err)
	}
	return nil
}

// Each Superset of the samples has five pods, and a rollout adds some. A simulated node
// takes 110.
const (
	podsOfSuperset = 9
	podsOfNode     = 110
	nodesOfCluster = 2
)

// addNodes adds copies of the first node until n Supersets fit.
func (l *lab) addNodes(ctx context.Context, n int) error {
	first := &corev1.Node{}
	if err := l.admin.Get(ctx, client.ObjectKey{Name: "kwok-node-0"}, first); err != nil {
		return fmt.Errorf("reading a node: %w", err)
	}
	for i := nodesOfCluster; i*podsOfNode < n*podsOfSuperset; i++ {
		node := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("kwok-node-%d", i), Labels: first.Labels, Annotations: first.Annotations},
			Status:     corev1.NodeStatus{Allocatable: first.Status.Allocatable, Capacity: first.Status.Capacity},
		}
		if err := l.admin.Create(ctx, node); err != nil {
			return fmt.Errorf("adding a node: %w", err)
		}
	}
	return nil
}

// startWorld simulates Jobs and databases in this process.
func (l *lab) startWorld(ctx context.Context) error {
	w := world.New(l.cluster.REST(), world.Options{})
	go func() {
		if err := w.Run(ctx); err != nil {
			l.say("the world ended: %v", err)
		}
	}()
	return nil
}

// follow feeds the timeline.
func (l *lab) follow(ctx context.Context) error {
	c, err := cache.New(l.cluster.REST(), cache.Options{
		Scheme: controller.Options(nil).Scheme, DefaultTransform: cache.TransformStripManagedFields(),
		DefaultLabelSelector: labels.SelectorFromSet(labels.Set{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy}),
		ByObject:             map[client.Object]cache.ByObject{&v1alpha1.Superset{}: {Label: labels.Everything()}},
	})
	if err != nil {
		return fmt.Errorf("creating a cache: %w", err)
	}
	see := func(object any, gone bool) {
		if unknown, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
			object = unknown.Obj
		}
		if o, ok := object.(client.Object); ok {
			l.timeline.see(o, gone, time.Now())
		}
	}
	for _, kind := range []client.Object{&v1alpha1.Superset{}, &appsv1.Deployment{}, &batchv1.Job{}, &corev1.Pod{}} {
		informer, err := c.GetInformer(ctx, kind, cache.BlockUntilSynced(false))
		if err != nil {
			return fmt.Errorf("watching %T: %w", kind, err)
		}
		if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { see(object, false) },
			UpdateFunc: func(_, object any) { see(object, false) },
			DeleteFunc: func(object any) { see(object, true) },
		}); err != nil {
			return fmt.Errorf("watching %T: %w", kind, err)
		}
	}
	go func() { _ = c.Start(ctx) }()
	if !c.WaitForCacheSync(ctx) {
		return fmt.Errorf("filling a cache: %w", ctx.Err())
	}
	return nil
}

// manager returns a manager that is not started yet, with the settings of the manifest.
func (l *lab) manager(b *bench, flags ...string) (*operator.Process, error) {
	metrics, err := operator.FreeAddress()
	if err != nil {
		return nil, err
	}
	all, err := operator.Flags(l.cluster, metrics)
	if err != nil {
		return nil, err
	}
	p := &operator.Process{
		Binary: b.binary, Log: filepath.Join(l.dir, fmt.Sprintf("manager-%d.log", len(l.managers))), Metrics: metrics,
		// The log of a released operator, not that of a test.
		Flags: append(append(all, "-zap-devel=false"), flags...), Env: b.environment(),
	}
	l.managers = append(l.managers, p)
	return p, nil
}

// startOperator starts the operator that is measured.
func (l *lab) startOperator(ctx context.Context, b *bench, flags ...string) (err error) {
	if l.operator, err = l.manager(b, flags...); err != nil {
		return err
	}
	return l.operator.Start(ctx)
}

// cpu reads the CPU times of everything that runs.
func (l *lab) cpu() (cpuTimes, error) {
	pids := map[string]int{nameBench: os.Getpid(), nameOperator: l.operator.PID()}
	for _, p := range l.cluster.Processes() {
		pids[p.Name] = p.PID
	}
	out := cpuTimes{}
	for name, pid := range pids {
		used, err := cpuOf(pid)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = used
	}
	return out, nil
}

// close stops everything, and removes the folder.
func (l *lab) close() error {
	for _, p := range l.managers {
		p.Kill()
	}
	l.cancel()
	var err error
	if l.cluster != nil {
		err = l.cluster.Stop()
	}
	return errors.Join(err, os.RemoveAll(l.dir))
}

func (l *lab) say(format string, args ...any) {
	_, _ = fmt.Fprintf(l.progress, "bench: %6.1f s: %s\n", time.Since(l.begun).Seconds(), fmt.Sprintf(format, args...))
}
