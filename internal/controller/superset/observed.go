// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/pins"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// observed is everything that was read of a Superset: what the machine decides on, and the
// objects that the executor compares with.
type observed struct {
	state.Observation
	// desired is the release that spec asks for; nil when it cannot be rendered.
	desired *components.Release
	// mounts are the ConfigMaps that spec needs besides those of releases, and known what is read
	// of the stored releases, by hash.
	mounts []string
	known  map[string]stored
	// objects are the component objects; nil for none.
	objects [3]v1alpha1.Component
	// revisions are the stored releases, as Stored was read from them.
	revisions []appsv1.ControllerRevision
	jobs      []*batchv1.Job
	// superfluous are the Jobs to delete: those that run and that no phase waits for, and those
	// that linger.
	superfluous []*batchv1.Job
	// workers are the pods of the worker tier.
	workers []*corev1.Pod
	// recheck is when to observe again although nothing has changed; 0 for never.
	recheck time.Duration
	// service is the web Service and page the maintenance page; nil for none.
	service *corev1.Service
	page    *appsv1.Deployment
}

// pinsOf is what a stored release has resolved.
func (w *observed) pinsOf(hash string) pins.Known { return w.known[hash].pins }
