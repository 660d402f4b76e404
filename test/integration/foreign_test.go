// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/migrations/render"
)

// A foreign Job with the name and the labels of our migration, even one that
// succeeded, is neither used nor deleted.
func TestForeignJob(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create("5.0.0", paused(true))
	s := f.until("Paused", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionPaused).Status == metav1.ConditionTrue
	})
	labels := map[string]string{
		v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelName: "superset", v1alpha1.LabelInstance: "bi",
		v1alpha1.LabelScript: "migrate", v1alpha1.LabelFence: "1", v1alpha1.LabelAttempt: "1",
	}
	foreign := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: render.JobName(s, migrations.Migrate, 1, 1), Namespace: f.ns, Labels: labels},
		Spec:       batchv1.JobSpec{BackoffLimit: new(int32), Template: foreignPod()},
	}
	foreign.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	must(t, k8s.Create(t.Context(), foreign))
	eventually(t, "the foreign Job succeeds", func() bool {
		must(t, k8s.Get(t.Context(), client.ObjectKeyFromObject(foreign), foreign))
		return foreign.Status.Succeeded == 1
	})
	f.edit(paused(false))
	f.conflict("Job " + f.ns + "/" + foreign.Name)
	if s := f.get(); s.Status.Phase != v1alpha1.PhaseDBMigrate || simulated.Migrations(f.ns, "bi").Started != 0 {
		t.Errorf("phase %s, %+v: the foreign Job was used", s.Status.Phase, simulated.Migrations(f.ns, "bi"))
	}
	f.sameJob(foreign)
	must(t, k8s.Delete(t.Context(), foreign, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	f.ready("5.0.0")
	if n := simulated.Migrations(f.ns, "bi"); n.Finished != 1 {
		t.Errorf("migrations: %+v", n)
	}
}

// Other foreign objects are neither used nor changed.
func TestForeignObjects(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"app": "foreign"}
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name, Labels: labels} }
	two := int32(2)
	for kind, foreign := range map[string]client.Object{
		"Service": &corev1.Service{ObjectMeta: meta("bi"), Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}},
		"Deployment": &appsv1.Deployment{ObjectMeta: meta("bi-web"), Spec: appsv1.DeploymentSpec{
			Replicas: &two, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: foreignPod()}},
		"SupersetWebWorker": &v1alpha1.SupersetWebWorker{ObjectMeta: meta("bi"), Spec: v1alpha1.SupersetWebWorkerSpec{
			ComponentSpec: v1alpha1.ComponentSpec{RuntimeSpec: (&fixture{}).superset("4.1.4").Spec.RuntimeSpec,
				Config: &v1alpha1.ConfigSpec{Raw: "ROW_LIMIT = 1\n"}}}}, // not the same ConfigMap, too
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			foreign.SetNamespace(f.ns)
			must(t, k8s.Create(t.Context(), foreign))
			f.create("5.0.0")
			f.conflict(kind + " " + f.ns + "/" + foreign.GetName())
			before := foreign.GetGeneration()
			must(t, k8s.Get(t.Context(), client.ObjectKeyFromObject(foreign), foreign))
			if foreign.GetGeneration() != before || len(foreign.GetOwnerReferences()) != 0 || foreign.GetDeletionTimestamp() != nil {
				t.Errorf("the foreign object was changed: %+v", foreign)
			}
			must(t, k8s.Delete(t.Context(), foreign))
			f.ready("5.0.0")
		})
	}
}

// conflict waits until the message of the Superset names the conflicting object.
func (f *fixture) conflict(what string) {
	f.t.Helper()
	s := f.until("a message that names "+what, func(s *v1alpha1.Superset) bool {
		reason := condition(s, v1alpha1.ConditionReady).Reason
		return reason == v1alpha1.ReasonNameConflict || reason == v1alpha1.ReasonBlocked
	})
	contains(f.t, f.message(s), what+" exists and is not controlled by this object")
}

// foreignPod is a pod that the restricted level admits.
func foreignPod() corev1.PodTemplateSpec {
	yes, no, uid := true, false, int64(1000)
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "foreign"}},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &uid, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Containers: []corev1.Container{{Name: "main", Image: "example/foreign:1", SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}}},
		},
	}
}

// Foreign pods with the labels of the tiers hold no run: a Drain does not wait for their end, and
// a rollout does not count them.
func TestForeignPods(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain))
	var foreign []*corev1.Pod
	for _, name := range []components.Name{components.Web, components.Worker, components.Scheduler, components.Maintenance} {
		template := foreignPod()
		template.Labels = components.Labels("bi")
		template.Labels[v1alpha1.LabelComponent] = string(name)
		pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
		pod.Name, pod.Namespace = "foreign-"+string(name), f.ns
		must(t, k8s.Create(t.Context(), pod))
		foreign = append(foreign, pod)
	}
	eventually(t, "the foreign pods run", func() bool {
		for _, pod := range foreign {
			must(t, k8s.Get(t.Context(), client.ObjectKeyFromObject(pod), pod))
			if !podIsReady(pod) {
				return false
			}
		}
		return true
	})
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	for _, pod := range foreign {
		must(t, k8s.Get(t.Context(), client.ObjectKeyFromObject(pod), pod))
		if len(pod.OwnerReferences) > 0 || pod.DeletionTimestamp != nil {
			t.Errorf("the foreign pod %s was changed: %+v", pod.Name, pod.ObjectMeta)
		}
	}
}

// A foreign Service with the name of ours is reported, and holds neither scaling nor the
// creation of a component that was deleted. No Job of an upgrade is created meanwhile.
func TestScaledNextToAForeignService(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	foreign := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: f.ns, Labels: map[string]string{"app": "foreign"}}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}
	// The operator creates its Service again as soon as it is gone: only a request that follows
	// at once is first, and not every time.
	eventually(t, "the foreign Service is there first", func() bool {
		must(t, client.IgnoreNotFound(k8s.Delete(t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: f.ns}})))
		err := k8s.Create(t.Context(), foreign)
		must(t, client.IgnoreAlreadyExists(err))
		return err == nil
	})
	f.conflict("Service " + f.ns + "/bi")
	three := int32(3)
	f.edit(func(s *v1alpha1.Superset) { s.Spec.Web.Replicas = &three })
	web := &v1alpha1.SupersetWebWorker{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: f.ns}}
	eventually(t, "web has three replicas", func() bool {
		must(t, k8s.Get(t.Context(), client.ObjectKeyFromObject(web), web))
		return web.Spec.Replicas != nil && *web.Spec.Replicas == 3 && web.Status.ReadyReplicas == 3
	})
	uid := web.UID
	must(t, k8s.Delete(t.Context(), web))
	eventually(t, "web is created again", func() bool {
		again := &v1alpha1.SupersetWebWorker{}
		err := k8s.Get(t.Context(), client.ObjectKeyFromObject(web), again)
		must(t, client.IgnoreNotFound(err))
		return err == nil && again.UID != uid && again.Status.ReadyReplicas == 3
	})
	f.conflict("Service " + f.ns + "/bi")
	must(t, k8s.Delete(t.Context(), foreign))
	f.ready("5.0.0")
}
