// SPDX-License-Identifier: Apache-2.0

package world_test

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/superset-operator/superset-operator/test/cluster/world"
)

func annotate(t *testing.T, o order, annotation, value string) {
	t.Helper()
	patch := []byte(`{"metadata":{"annotations":{"` + annotation + `":"` + value + `"}}}`)
	if _, err := shared.client.CoreV1().Pods(o.namespace).Patch(t.Context(), o.name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

func runs(s corev1.PodStatus) bool {
	return s.Phase == corev1.PodRunning && s.ContainerStatuses[0].State.Running != nil
}

// Each component has its own behavior; a pod of another component with the same
// image becomes ready. When the annotation changes, so does the pod.
func TestUnreadyComponents(t *testing.T) {
	for component, other := range map[string]string{"web": "worker", "worker": "scheduler", "scheduler": "web"} {
		t.Run(component, func(t *testing.T) {
			t.Parallel()
			ns, tag := namespace(t), "6.0.0-"+component+"-unready"
			bad := order{namespace: ns, name: "bad", tag: tag, component: component}
			good := order{namespace: ns, name: "good", tag: tag, component: other}
			bad.pod(t)
			bad.seen(t, "start", runs)
			good.pod(t)
			good.seen(t, "readiness", ready)
			if pod := bad.seen(t, "start", runs); ready(pod.Status) || pod.Status.ContainerStatuses[0].Ready {
				t.Errorf("the pod is ready: %+v", pod.Status)
			}
			annotate(t, bad, world.AnnotationBehavior, "none")
			bad.seen(t, "readiness", ready)
			annotate(t, good, world.AnnotationBehavior, other+"-unready")
			good.seen(t, "loss of readiness", func(s corev1.PodStatus) bool { return !ready(s) })
		})
	}
}

func TestCrashingWebIsRestarted(t *testing.T) {
	t.Parallel()
	o := order{namespace: namespace(t), name: "web", tag: "6.0.0-web-crashes", component: "web"}
	o.pod(t)
	for _, least := range []int32{1, 2} {
		pod := o.seen(t, "crash", func(s corev1.PodStatus) bool {
			return waiting(s).Reason == "CrashLoopBackOff" && s.ContainerStatuses[0].RestartCount >= least
		})
		last := pod.Status.ContainerStatuses[0].LastTerminationState.Terminated
		if pod.Status.Phase != corev1.PodRunning || ready(pod.Status) || last == nil || last.ExitCode != 1 {
			t.Errorf("restart %d: %+v", least, pod.Status)
		}
	}
}

func TestUnpullableImage(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	for _, o := range []order{
		{namespace: ns, name: "web", tag: "6.0.0-unpullable", component: "web"},
		{namespace: ns, name: "job", tag: "6.0.0-unpullable", script: "preflight"},
	} {
		o.pod(t)
		pod := o.seen(t, "waiting", func(s corev1.PodStatus) bool { return waiting(s).Reason == "ImagePullBackOff" })
		if pod.Status.Phase != corev1.PodPending {
			t.Errorf("the pod's phase is %s, want Pending", pod.Status.Phase)
		}
	}
	healed := order{namespace: ns, name: "web"}
	annotate(t, healed, world.AnnotationBehavior, "none")
	healed.seen(t, "readiness", ready)
}

func TestMissingSecret(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	remove := func() {
		if err := shared.client.CoreV1().Secrets(ns).Delete(t.Context(), "bi", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	remove()
	web := order{namespace: ns, name: "web", tag: "6.0.0", component: "web"}
	job := order{namespace: ns, name: "job", tag: "6.0.0", script: "migrate"}
	web.pod(t)
	job.job(t)
	says := func(message string) func(corev1.PodStatus) bool {
		return func(s corev1.PodStatus) bool {
			return s.Phase == corev1.PodPending && waiting(s) == corev1.ContainerStateWaiting{Reason: "CreateContainerConfigError", Message: message}
		}
	}
	web.seen(t, "waiting", says(`secret "bi" not found`))
	createSecret(t, ns, map[string]string{"other": "value"})
	web.seen(t, "waiting", says("couldn't find key uri in Secret "+ns+"/bi"))
	if got := shared.world.Migrations(ns, "bi"); got.Started != 0 {
		t.Errorf("a migration began without its Secret: %+v", got)
	}
	remove()
	createSecret(t, ns, map[string]string{"uri": "postgresql://example.invalid/superset"})
	web.seen(t, "readiness", ready)
	if succeeded, end := job.ended(t); !succeeded {
		t.Errorf("the Job ended with %+v", end)
	}
}

func TestDelaysByAnnotation(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	slow := order{namespace: ns, name: "slow", tag: "6.0.0", component: "web", annotations: map[string]string{
		"pod-ready.test/delay": "1h", "pod-delete.test/delay": "1h",
	}}
	quick := order{namespace: ns, name: "quick", tag: "6.0.0", component: "web"}
	slow.pod(t)
	slow.seen(t, "start", runs)
	quick.pod(t)
	quick.seen(t, "readiness", ready)
	if pod := slow.seen(t, "start", runs); ready(pod.Status) {
		t.Error("the slow pod is ready")
	}
	pods := shared.client.CoreV1().Pods(ns)
	for _, name := range []string{"slow", "quick"} {
		if err := pods.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the end of the quick pod", func(ctx context.Context) (bool, error) {
		_, err := pods.Get(ctx, "quick", metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	})
	if pod := slow.seen(t, "deletion", runs); pod.DeletionTimestamp == nil {
		t.Error("the slow pod is not being deleted")
	}
	if err := pods.Delete(t.Context(), "slow", *metav1.NewDeleteOptions(0)); err != nil {
		t.Fatal(err)
	}
}
