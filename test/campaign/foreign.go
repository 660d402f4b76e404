// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/test/chronicle"
	"github.com/superset-operator/superset-operator/test/sample"
)

// labelForeign marks the objects of somebody else, and the pods that come of them.
const labelForeign = "example.com/foreign"

// foreign is somebody who creates objects with the labels of the instance: one of each kind
// that the operator lists by them.
func foreign(ctx context.Context, t *trial) error {
	for _, obj := range foreignObjects(t.ns) {
		if err := t.lab.admin.Create(ctx, obj); err != nil {
			return fmt.Errorf("creating a foreign object: %w", err)
		}
		t.events.foreign = append(t.events.foreign, obj)
	}
	return nil
}

func foreignObjects(ns string) []client.Object {
	meta := func(component components.Name) metav1.ObjectMeta {
		labels := components.Labels(sample.Name)
		labels[labelForeign], labels[v1alpha1.LabelComponent] = string(component), string(component)
		return metav1.ObjectMeta{Name: "foreign-" + string(component), Namespace: ns, Labels: labels}
	}
	pod := func(component components.Name, restart corev1.RestartPolicy) corev1.PodTemplateSpec {
		return corev1.PodTemplateSpec{ObjectMeta: meta(component), Spec: foreignPod(restart)}
	}
	const job = "job"
	scheduler, worker := pod(components.Scheduler, corev1.RestartPolicyAlways), pod(components.Worker, corev1.RestartPolicyAlways)
	out := &batchv1.Job{ObjectMeta: meta(job), Spec: batchv1.JobSpec{BackoffLimit: new(int32), Template: pod(job, corev1.RestartPolicyNever)}}
	out.Labels[v1alpha1.LabelScript], out.Labels[v1alpha1.LabelFence], out.Labels[v1alpha1.LabelAttempt] = "migrate", "2", "1"
	return []client.Object{
		&corev1.Pod{ObjectMeta: scheduler.ObjectMeta, Spec: scheduler.Spec},
		out,
		&corev1.ConfigMap{ObjectMeta: meta(components.Web), Data: map[string]string{"superset_config.py": "ROW_LIMIT = 1\n"}},
		&appsv1.Deployment{ObjectMeta: meta(components.Worker), Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{labelForeign: string(components.Worker)}}, Template: worker}},
	}
}

// foreignPod is a pod that the restricted level admits.
func foreignPod(restart corev1.RestartPolicy) corev1.PodSpec {
	yes, no, uid := true, false, int64(1000)
	return corev1.PodSpec{
		RestartPolicy:   restart,
		SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &uid, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
		Containers: []corev1.Container{{Name: "main", Image: "example/foreign:1", SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}}},
	}
}

// withoutForeign leaves foreign objects out of a record, and lists those that are not as they
// were created: deleted, owned, or written by the operator.
func withoutForeign(story []chronicle.Change, created []client.Object) (out []chronicle.Change, broken []string) {
	if len(created) == 0 {
		return story, nil
	}
	newest := map[string]chronicle.Change{}
	for _, c := range story {
		if c.Obj.GetLabels()[labelForeign] == "" {
			out = append(out, c)
			continue
		}
		newest[string(c.Obj.GetUID())] = c
	}
	for _, obj := range created {
		if why := touched(obj, newest[string(obj.GetUID())]); why != "" {
			broken = append(broken, fmt.Sprintf("the foreign %s %s %s", kindOf(obj), obj.GetName(), why))
		}
	}
	return out, broken
}

// touched is what happened to a foreign object; empty for nothing.
func touched(created client.Object, now chronicle.Change) string {
	switch {
	case now.Obj == nil:
		return "lost its label"
	case now.Gone || now.Obj.GetDeletionTimestamp() != nil:
		return "was deleted"
	case len(now.Obj.GetOwnerReferences()) > 0:
		return "has an owner"
	case now.Obj.GetGeneration() != created.GetGeneration():
		return "was changed"
	}
	if slices.ContainsFunc(now.Obj.GetManagedFields(), func(e metav1.ManagedFieldsEntry) bool { return e.Manager == string(apply.FieldOwner) }) {
		return "was written by the operator"
	}
	return ""
}
