// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/campaign/fault"
	"github.com/superset-operator/superset-operator/test/chronicle"
	"github.com/superset-operator/superset-operator/test/sample"
)

// trial is one run of a scenario, in a namespace of its own.
type trial struct {
	lab       *lab
	scenario  *scenario
	ns        string
	record    chronicle.Recorder
	events    outsideState
	instances []*instance
	stopWatch context.CancelFunc
}

// How long nothing may happen. Without an event the operator reconciles after
// half a minute, and continues by then.
const (
	pollEvery = 50 * time.Millisecond
	quiet     = 400 * time.Millisecond
	stuck     = 75 * time.Second
	unlike    = 20 * time.Second
	tooLong   = 6 * time.Minute
)

// errNever reports that a step did not end.
var errNever = errors.New("the step did not end")

func (l *lab) newTrial(ctx context.Context, s *scenario) (*trial, error) {
	ns := sample.Namespace()
	if err := l.admin.Create(ctx, ns); err != nil {
		return nil, fmt.Errorf("creating a namespace: %w", err)
	}
	watching, stop := context.WithCancel(ctx)
	t := &trial{lab: l, scenario: s, ns: ns.Name, stopWatch: stop}
	err := t.record.Also(watching, l.admin, t.ns, &v1alpha1.SupersetList{}, &v1alpha1.SupersetWebWorkerList{},
		&v1alpha1.SupersetAsyncWorkerList{}, &v1alpha1.SupersetAsyncSchedulerList{}, &corev1.PodList{}, &batchv1.JobList{},
		&appsv1.DeploymentList{}, &appsv1.ControllerRevisionList{}, &corev1.ServiceList{}, &corev1.ConfigMapList{}, &corev1.PersistentVolumeClaimList{})
	if err == nil {
		err = l.admin.Create(ctx, sample.Secret(t.ns))
	}
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// close stops the operators and removes the namespace.
func (t *trial) close() error {
	var errs []error
	for _, i := range t.instances {
		errs = append(errs, i.stop())
	}
	t.stopWatch()
	ns := sample.Namespace()
	ns.Name, ns.GenerateName = t.ns, ""
	errs = append(errs, client.IgnoreNotFound(t.lab.admin.Delete(context.Background(), ns)))
	return errors.Join(errs...)
}

// start starts an operator and waits for its initial cache sync, unless the
// disturbance prevents that.
func (t *trial) start(ctx context.Context, o fault.Options, elect bool) *instance {
	i := t.lab.begin(ctx, t.ns, o, elect)
	t.instances = append(t.instances, i)
	return i
}

func (i *instance) wait(ctx context.Context) {
	select {
	case <-i.synced:
	case <-i.layer.Dead():
	case <-time.After(10 * time.Second):
	case <-ctx.Done():
	}
}

// prepare runs the undisturbed steps.
func (t *trial) prepare(ctx context.Context) error {
	if len(t.scenario.before) == 0 {
		return nil
	}
	i := t.start(ctx, fault.Options{}, false)
	for n, s := range t.scenario.before {
		if err := t.act(ctx, s, n == 0); err != nil {
			return err
		}
		if err := t.waitForEnd(ctx, s); err != nil {
			return fmt.Errorf("preparing, step %d: %w", n+1, err)
		}
	}
	return i.stop()
}

// act does what the user does in a step.
func (t *trial) act(ctx context.Context, s step, create bool) error {
	if create {
		return t.lab.admin.Create(ctx, sample.Superset(t.ns, s.version, s.edits...))
	}
	return t.edit(ctx, s.edits...)
}

// edit changes the Superset as a user does.
func (t *trial) edit(ctx context.Context, edits ...func(*v1alpha1.Superset)) error {
	have := &v1alpha1.Superset{}
	if err := t.lab.admin.Get(ctx, client.ObjectKey{Namespace: t.ns, Name: sample.Name}, have); err != nil {
		return fmt.Errorf("reading the Superset: %w", err)
	}
	before := have.DeepCopy()
	for _, edit := range edits {
		edit(have)
	}
	if err := t.lab.admin.Patch(ctx, have, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("editing the Superset: %w", err)
	}
	return nil
}

// now is the newest resource version of all.
func (t *trial) now(ctx context.Context) (string, error) {
	var list v1alpha1.SupersetList
	if err := t.lab.admin.List(ctx, &list, client.InNamespace(t.ns)); err != nil {
		return "", fmt.Errorf("reading the resource version: %w", err)
	}
	return list.ResourceVersion, nil
}

// waitForEnd waits until a step has ended and no more changes occur.
func (t *trial) waitForEnd(ctx context.Context, s step) error {
	answered := false
	return t.until(ctx, stuck, func(idle time.Duration) (bool, error) {
		if err := t.answer(ctx, s, &answered); err != nil {
			return false, err
		}
		return idle > quiet && s.ended(t.superset()) && !t.ending(), nil
	})
}

// answer does what the user does when the operator waits for a reaction.
func (t *trial) answer(ctx context.Context, s step, answered *bool) error {
	if s.answer == nil || *answered {
		return nil
	}
	edit, ok := s.answer(t.superset())
	if !ok {
		return nil
	}
	*answered = true
	return t.edit(ctx, edit)
}

// until polls; it gives up when nothing has happened for the duration of
// patience.
func (t *trial) until(ctx context.Context, patience time.Duration, met func(idle time.Duration) (bool, error)) error {
	begun := time.Now()
	seen, since := t.record.Len(), begun
	for {
		if n := t.record.Len(); n != seen {
			seen, since = n, time.Now()
		}
		yes, err := met(time.Since(since))
		if yes || err != nil {
			return err
		}
		if time.Since(since) > patience || time.Since(begun) > tooLong {
			return errNever
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// superset is the newest recorded one.
func (t *trial) superset() *v1alpha1.Superset {
	for _, c := range t.record.Newest() {
		if s, ok := c.Obj.(*v1alpha1.Superset); ok {
			return s
		}
	}
	return &v1alpha1.Superset{}
}

// ending is true while a pod or another object is being deleted.
func (t *trial) ending() bool {
	return slices.ContainsFunc(t.record.Newest(), func(c chronicle.Change) bool { return c.Obj.GetDeletionTimestamp() != nil })
}

// facts so far, without what the events outside of the operator have done.
func (t *trial) facts() facts {
	t.events.mu.Lock()
	defer t.events.mu.Unlock()
	story, touched := withoutForeign(t.record.Story(), t.events.foreign)
	story, again := withoutVanishing(story, t.events.vanished)
	f := factsOf(story).withoutEdits(t.events.edits)
	f.Broken = append(f.Broken, touched...)
	f.Migrations = t.lab.world.Migrations(t.ns, sample.Name)
	f.Migrations.Started, f.Migrations.Finished = f.Migrations.Started-again, f.Migrations.Finished-again
	f.Revision = t.lab.world.Revision(t.ns, sample.Name)
	return f
}
