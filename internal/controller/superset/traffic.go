// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/controller/tiers"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
)

// observeTraffic reads the web Service and the maintenance page.
func (r *Reconciler) observeTraffic(ctx context.Context, s *v1alpha1.Superset, w *observed, pods []*corev1.Pod) error {
	service, page := &corev1.Service{}, &appsv1.Deployment{}
	exists, err := r.read(ctx, s, components.ServiceName(s.Name), service)
	if err != nil {
		return err
	}
	if exists {
		w.service = service
		w.Page.HasTraffic = metav1.IsControlledBy(service, s) && service.Spec.Selector[v1alpha1.LabelComponent] == string(components.Maintenance)
	}
	if exists, err = r.read(ctx, s, components.PageName(s.Name), page); err != nil {
		return err
	}
	if exists && metav1.IsControlledBy(page, s) {
		w.page, w.Page.Exists = page, page.DeletionTimestamp == nil
	}
	mine := tiers.PodsOf(pods, s.Name, components.Maintenance)
	w.Page.Blocked = components.HealthOf(w.page, mine).Blocked
	for _, pod := range mine {
		w.Page.Ready = w.Page.Ready || pod.DeletionTimestamp == nil && components.PodReady(pod)
	}
	return nil
}

// read reads an object in the namespace of a Superset; false when it does not exist.
func (r *Reconciler) read(ctx context.Context, s *v1alpha1.Superset, name string, into client.Object) (bool, error) {
	err := r.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: name}, into)
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("reading %T %s: %w", into, name, err)
	}
	return err == nil, nil
}

// routeTraffic keeps the Service's name and address, and changes its selector alone.
func (r *Reconciler) routeTraffic(ctx context.Context, s *v1alpha1.Superset, w *observed, a actions.RouteTraffic) error {
	to := components.Web
	if a.ToPage {
		to = components.Maintenance
	}
	var live client.Object
	if w.service != nil {
		live = w.service
	}
	_, err := r.apply.Apply(ctx, s, components.Service(s, to), live)
	return err
}

// pageRejected reports a rejection of the maintenance page in its condition: an upgrade
// never waits for the page.
func (w *observed) pageRejected(err error) error {
	_, message, isRejected := rejected(err)
	if !isRejected {
		return err
	}
	w.Page.Blocked = message
	return nil
}

// applyPage applies the maintenance page of the previous release.
func (r *Reconciler) applyPage(ctx context.Context, s *v1alpha1.Superset, w *observed) error {
	release, err := r.load(ctx, s, w, pageRelease(&s.Status))
	if err != nil {
		return fmt.Errorf("rendering the maintenance page: %w", err)
	}
	var mounts []*corev1.ConfigMap
	if cm := components.PageConfigMap(s); cm != nil {
		mounts = append(mounts, cm)
		if err := r.apply.Keep(ctx, s, cm); err != nil {
			return err
		}
	}
	page, err := components.Page(s, release, r.Platform)
	if err != nil {
		w.Page.Blocked = err.Error()
		return nil //nolint:nilerr // it is reported in the condition, and holds nothing
	}
	var live client.Object
	if w.page != nil {
		live = w.page
	}
	_, err = r.apply.Apply(ctx, s, page, live, mounts...)
	return err
}

// pageRelease is the release whose image is on the nodes: the previous one, or the target
// when there is none.
func pageRelease(status *v1alpha1.SupersetStatus) string {
	if status.Release != "" {
		return status.Release
	}
	return status.Upgrade.ToRelease
}
