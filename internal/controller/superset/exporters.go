// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations/render"
)

// monitor keeps the exporters of spec.monitoring after the decision was carried out and
// recorded. No decision depends on them: what is in their way is an event, once, and is tried
// again. result is that of the reconcile so far.
func (r *Reconciler) monitor(ctx context.Context, s *v1alpha1.Superset, w *observed, result ctrl.Result) (ctrl.Result, error) {
	var failed error
	blocked := ""
	for _, name := range components.Exporters {
		err := r.keepExporter(ctx, s, w, name)
		if _, message, is := rejected(err); is {
			blocked = message
		} else if err != nil {
			failed = errors.Join(failed, err)
		}
	}
	r.reportExporters(s, blocked)
	if blocked != "" {
		result.RequeueAfter = sooner(result.RequeueAfter, apply.RejectedRecheck)
	}
	if failed != nil {
		return apply.Requeue(failed)
	}
	return result, nil
}

// reportExporters records an event when the message has changed.
func (r *Reconciler) reportExporters(s *v1alpha1.Superset, message string) {
	if before, ok := r.unmonitored.Get(s.UID); message == "" || ok && before == message {
		if message == "" {
			r.unmonitored.Remove(s.UID)
		}
		return
	}
	r.unmonitored.Add(s.UID, message)
	r.Events.Eventf(s, nil, corev1.EventTypeWarning, v1alpha1.ReasonMonitoringBlocked, "Monitor", "%s", apply.Note(message))
}

// keepExporter applies or deletes one exporter.
func (r *Reconciler) keepExporter(ctx context.Context, s *v1alpha1.Superset, w *observed, name components.Name) error {
	deployment, service := &appsv1.Deployment{}, &corev1.Service{}
	exists, err := r.read(ctx, s, components.DeploymentName(s.Name, name), deployment)
	if err != nil {
		return err
	}
	serves, err := r.read(ctx, s, components.DeploymentName(s.Name, name), service)
	if err != nil {
		return err
	}
	wanted, known, err := r.wantedExporter(ctx, s, w, name)
	switch {
	case err != nil || !known:
		return err
	case wanted == nil:
		return r.removeExporter(ctx, s, deployment, service)
	}
	if err := r.apply.Keep(ctx, s, wanted.ConfigMap); err != nil {
		return err
	}
	if wanted.Service != nil {
		if _, err := r.apply.Apply(ctx, s, wanted.Service, ifExists(service, serves)); err != nil {
			return err
		}
	}
	_, err = r.apply.Apply(ctx, s, wanted.Deployment, ifExists(deployment, exists), wanted.ConfigMap)
	return err
}

// wantedExporter renders an exporter; nil if spec has none. known is false while the release
// that it would run is not known: then what exists stays.
func (r *Reconciler) wantedExporter(ctx context.Context, s *v1alpha1.Superset, w *observed, name components.Name) (wanted *components.Exporter, known bool, err error) {
	if name == components.NameStatsd {
		wanted, err = components.StatsdExporter(s, r.Platform)
		return wanted, true, asBlocked(err)
	}
	if s.Spec.Monitoring == nil || s.Spec.Monitoring.HealthExporter == nil {
		return nil, true, nil
	}
	hash := components.HealthRelease(w.Tiers[state.Worker].Release, s.Status.Release)
	if hash == "" {
		return nil, false, nil
	}
	release, err := r.load(ctx, s, w, hash)
	if err != nil {
		logf.FromContext(ctx).V(1).Info("the health exporter stays as it is", "release", hash, "cause", err.Error())
		return nil, false, nil
	}
	wanted, err = render.HealthExporter(s, release, r.Platform)
	return wanted, true, asBlocked(err)
}

// asBlocked is an error of rendering: it passes only when spec changes.
func asBlocked(err error) error {
	if err == nil {
		return nil
	}
	return apply.BlockedError(err.Error())
}

// ifExists is an object that was read; nil if it does not exist.
func ifExists(obj client.Object, exists bool) client.Object {
	if !exists {
		return nil
	}
	return obj
}

// exporterFiles are the names of the ConfigMaps that the exporters of spec mount.
func exporterFiles(s *v1alpha1.Superset) []string {
	var out []string
	if m := s.Spec.Monitoring; m != nil && m.StatsdExporter != nil {
		out = append(out, components.ExporterFiles(s, components.NameStatsd, components.StatsdFiles()).Name)
	}
	if m := s.Spec.Monitoring; m != nil && m.HealthExporter != nil {
		out = append(out, components.ExporterFiles(s, components.NameHealth, render.HealthFiles).Name)
	}
	return out
}

// removeExporter deletes what exists of an exporter and is controlled by s. Its ConfigMap is
// deleted like those of releases.
func (r *Reconciler) removeExporter(ctx context.Context, s *v1alpha1.Superset, deployment *appsv1.Deployment, service *corev1.Service) error {
	var errs []error
	if metav1.IsControlledBy(deployment, s) && deployment.DeletionTimestamp == nil {
		errs = append(errs, r.apply.Delete(ctx, deployment))
	}
	if metav1.IsControlledBy(service, s) && service.DeletionTimestamp == nil {
		errs = append(errs, r.apply.Delete(ctx, service))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("removing an exporter: %w", err)
	}
	return nil
}
