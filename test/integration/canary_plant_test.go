// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/test/sample"
)

// plant puts a value into every sink.
func (f *fixture) plant(ns, value string) {
	f.t.Helper()
	named := metav1.ObjectMeta{Namespace: ns, Name: "planted"}
	annotated := metav1.ObjectMeta{Namespace: ns, Name: "planted", Annotations: map[string]string{"a": value}}
	pod := foreignPod()
	pod.Spec.Containers[0].Args = []string{value}
	once := pod.DeepCopy()
	once.Spec.RestartPolicy = corev1.RestartPolicyNever
	suspend := true
	objects := []client.Object{
		sample.Superset(ns, "6.0.0-"+value), // the metrics have the version
		&corev1.ConfigMap{ObjectMeta: named, Data: map[string]string{"a": value}},
		&corev1.Event{ObjectMeta: named, InvolvedObject: corev1.ObjectReference{Namespace: ns}, Message: value},
		&corev1.Service{ObjectMeta: annotated, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}},
		&corev1.PersistentVolumeClaim{ObjectMeta: annotated, Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}}},
		&corev1.ServiceAccount{ObjectMeta: annotated},
		&appsv1.ControllerRevision{ObjectMeta: named, Data: runtime.RawExtension{Raw: fmt.Appendf(nil, `{"a":%q}`, value)}},
		// Its ReplicaSet has the value too.
		&appsv1.Deployment{ObjectMeta: named, Spec: appsv1.DeploymentSpec{
			Replicas: new(int32), Selector: &metav1.LabelSelector{MatchLabels: pod.Labels}, Template: pod}},
		&batchv1.Job{ObjectMeta: named, Spec: batchv1.JobSpec{Suspend: &suspend, Template: *once}},
		&coordinationv1.Lease{ObjectMeta: named, Spec: coordinationv1.LeaseSpec{HolderIdentity: &value}},
	}
	for _, d := range components.Catalog {
		c := f.component(d.Name)
		c.SetNamespace(ns)
		c.ComponentSpec().Version, c.ComponentSpec().Mode = "6.0.0-"+value, v1alpha1.ModeHold
		c.SetName("planted")
		objects = append(objects, c)
	}
	for _, object := range objects {
		must(f.t, k8s.Create(f.t.Context(), object))
	}
	f.plantTerminationMessage(ns, value)
	_ = k8s.Get(f.t.Context(), client.ObjectKey{Namespace: ns, Name: value}, &corev1.ConfigMap{}) // is in the audit log
	log, err := os.OpenFile(operator.log, os.O_APPEND|os.O_WRONLY, 0o600)
	must(f.t, err)
	_, err = log.WriteString(value + "\n")
	must(f.t, err)
	must(f.t, log.Close())
}

// plantTerminationMessage makes a pod that is never scheduled, so that nothing else writes its
// status.
func (f *fixture) plantTerminationMessage(ns, value string) {
	f.t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "planted"}, Spec: foreignPod().Spec}
	pod.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "test.example/planted"}}
	must(f.t, k8s.Create(f.t.Context(), pod))
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", Image: "a", ImageID: "a",
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: value}}}}
	must(f.t, k8s.Status().Update(f.t.Context(), pod))
}
