// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// observeFront looks at what users meet: the web Service, and the maintenance
// page.
func (r *SupersetReconciler) observeFront(ctx context.Context, s *v1alpha1.Superset, w *world, pods []*corev1.Pod) error {
	service, page := &corev1.Service{}, &appsv1.Deployment{}
	there, err := r.has(ctx, s, components.ServiceName(s.Name), service)
	if err != nil {
		return err
	}
	if there {
		w.service = service
		w.Page.InFront = service.Spec.Selector[v1alpha1.LabelComponent] == string(components.Maintenance)
	}
	if there, err = r.has(ctx, s, components.PageName(s.Name), page); err != nil {
		return err
	}
	if there && metav1.IsControlledBy(page, s) {
		w.page, w.Page.Exists = page, page.DeletionTimestamp == nil
	}
	mine := podsOf(pods, components.Maintenance)
	w.Page.Blocked = components.HealthOf(w.page, mine).Blocked
	for _, pod := range mine {
		w.Page.Ready = w.Page.Ready || pod.DeletionTimestamp == nil && podReady(pod)
	}
	return nil
}

// has reads an object in the namespace of a Superset, if it is there.
func (r *SupersetReconciler) has(ctx context.Context, s *v1alpha1.Superset, name string, into client.Object) (bool, error) {
	err := r.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: name}, into)
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("reading %T %s: %w", into, name, err)
	}
	return err == nil, nil
}

// applyService keeps the Service's name and address; its selector alone leads
// users to web or to the maintenance page.
func (r *SupersetReconciler) applyService(ctx context.Context, s *v1alpha1.Superset, w *world, a lifecycle.Action) error {
	front := components.Web
	if a.Page {
		front = components.Maintenance
	}
	var live client.Object
	if w.service != nil {
		live = w.service
	}
	_, err := r.apply.Apply(ctx, s, components.Service(s.Name, s.Namespace, front), live)
	return err
}

// holdsNothingUp turns what keeps the maintenance page from being made into words
// of its condition: an upgrade never waits for it.
func (w *world) holdsNothingUp(err error) error {
	var d lifecycle.Decision
	if err := hindrance(&d, err); err != nil {
		return err
	}
	if d.Message != "" {
		w.Page.Blocked = d.Message
	}
	return nil
}

// applyPage makes the maintenance page of the release that ran before.
func (r *SupersetReconciler) applyPage(ctx context.Context, s *v1alpha1.Superset, w *world) error {
	release, err := r.load(ctx, s, w, pageRelease(&s.Status))
	if err != nil {
		return fmt.Errorf("rendering the maintenance page: %w", err)
	}
	if cm := components.PageConfigMap(s); cm != nil {
		if err := r.ensure(ctx, s, cm); err != nil {
			return err
		}
	}
	page, err := components.Page(s, release)
	if err != nil {
		w.Page.Blocked = err.Error()
		return nil //nolint:nilerr // it is said in the condition, and holds nothing up
	}
	var live client.Object
	if w.page != nil {
		live = w.page
	}
	_, err = r.apply.Apply(ctx, s, page, live)
	return err
}

// pageRelease is the release whose image is on the nodes: the one that ran
// before, or for want of it the target.
func pageRelease(status *v1alpha1.SupersetStatus) string {
	if status.Release != "" {
		return status.Release
	}
	return status.Upgrade.ToRelease
}
