// SPDX-License-Identifier: Apache-2.0

package world_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/cluster/world"
)

// shared is the cluster of all tests here; each has its own namespace.
var shared struct {
	*cluster.Cluster
	client kubernetes.Interface
	world  *world.World
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "world-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	c, err := cluster.Start(context.Background(), cluster.Options{Dir: dir, Progress: os.Stderr, Kwok: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := c.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	shared.Cluster, shared.client = c, kubernetes.NewForConfigOrDie(c.REST())
	shared.world = world.New(c.REST(), world.Options{Log: os.Stderr, Persist: true, OnJob: failFor})
	stop := play(shared.world)
	defer stop()
	return m.Run()
}

// annotationReason makes a Job fail through the world's hook.
const annotationReason = "test.example/reason"

func failFor(pod *corev1.Pod) *world.Outcome {
	reason, ok := pod.Annotations[annotationReason]
	if !ok {
		return nil
	}
	outcome := world.Result{Script: "migrate", Reason: reason, Message: "as the test wants"}.Outcome()
	return &outcome
}

// play runs a world until stop is called.
func play(w *world.World) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := w.Run(ctx); err != nil {
			panic(err)
		}
	}()
	return func() { cancel(); <-ended }
}

// eventually polls a condition with a generous timeout.
func eventually(t *testing.T, what string, met func(context.Context) (bool, error)) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 2*time.Minute, true, met); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

// namespace creates a namespace, named after the test, with the Secret "bi".
func namespace(t *testing.T) string {
	t.Helper()
	name := strings.NewReplacer("/", "-", "_", "-").Replace(strings.ToLower(t.Name()))
	name = strings.Trim(name[max(0, len(name)-60):], "-")
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := shared.client.CoreV1().Namespaces().Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	createSecret(t, name, map[string]string{"uri": "postgresql://example.invalid/superset"})
	return name
}

func createSecret(t *testing.T, namespace string, data map[string]string) {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "bi"}, StringData: data}
	if _, err := shared.client.CoreV1().Secrets(namespace).Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// order describes a pod to create; Job wraps it.
type order struct {
	namespace, name, tag, script, component string
	annotations                             map[string]string
	env                                     map[string]string
	// inits are the images of the init containers.
	inits []string
}

func (o order) template() corev1.PodTemplateSpec {
	labels := map[string]string{}
	if o.script != "" {
		labels["superset-operator.dev/script"] = o.script
	}
	if o.component != "" {
		labels["app.kubernetes.io/component"] = o.component
	}
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: o.annotations},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyAlways,
			Containers: []corev1.Container{{
				Name: "superset", Image: "apache/superset:" + o.tag,
				Env: []corev1.EnvVar{{Name: "SUPERSET_DATABASE_URI", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
					LocalObjectReference: corev1.LocalObjectReference{Name: "bi"}, Key: "uri",
				}}}},
			}},
		},
	}
	for name, value := range o.env {
		template.Spec.Containers[0].Env = append(template.Spec.Containers[0].Env, corev1.EnvVar{Name: name, Value: value})
	}
	for i, image := range o.inits {
		template.Spec.InitContainers = append(template.Spec.InitContainers, corev1.Container{Name: fmt.Sprintf("init-%d", i), Image: image})
	}
	return template
}

// job creates a Job that is never retried.
func (o order) job(t *testing.T) {
	t.Helper()
	template := o.template()
	template.Spec.RestartPolicy = corev1.RestartPolicyNever
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: o.name}, Spec: batchv1.JobSpec{BackoffLimit: new(int32), Template: template}}
	if _, err := shared.client.BatchV1().Jobs(o.namespace).Create(t.Context(), job, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// pod creates the pod without a Job.
func (o order) pod(t *testing.T) {
	t.Helper()
	template := o.template()
	template.Name = o.name
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	if _, err := shared.client.CoreV1().Pods(o.namespace).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// ended waits until the Job has succeeded or failed and returns how its pod
// ended.
func (o order) ended(t *testing.T) (succeeded bool, end corev1.ContainerStateTerminated) {
	t.Helper()
	eventually(t, "the end of Job "+o.name, func(ctx context.Context) (bool, error) {
		job, err := shared.client.BatchV1().Jobs(o.namespace).Get(ctx, o.name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		succeeded = job.Status.Succeeded == 1
		return succeeded || job.Status.Failed == 1, nil
	})
	pods, err := shared.client.CoreV1().Pods(o.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "job-name=" + o.name})
	if err != nil || len(pods.Items) != 1 {
		t.Fatalf("got %d pods, %v; want 1", len(pods.Items), err)
	}
	terminated := pods.Items[0].Status.ContainerStatuses[0].State.Terminated
	if terminated == nil {
		t.Fatalf("the pod's container did not end: %+v", pods.Items[0].Status)
	}
	return succeeded, *terminated
}

// seen waits until a pod's status fulfills a condition.
func (o order) seen(t *testing.T, what string, wanted func(corev1.PodStatus) bool) corev1.Pod {
	t.Helper()
	var last corev1.Pod
	eventually(t, what+" of pod "+o.name, func(ctx context.Context) (bool, error) {
		pod, err := shared.client.CoreV1().Pods(o.namespace).Get(ctx, o.name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		last = *pod
		return wanted(pod.Status), nil
	})
	return last
}

func decode(t *testing.T, message string) world.Result {
	t.Helper()
	var r world.Result
	if err := json.Unmarshal([]byte(message), &r); err != nil {
		t.Fatalf("decoding %q: %v", message, err)
	}
	return r
}

func ready(s corev1.PodStatus) bool {
	for _, c := range s.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func waiting(s corev1.PodStatus) corev1.ContainerStateWaiting {
	if len(s.ContainerStatuses) == 0 || s.ContainerStatuses[0].State.Waiting == nil {
		return corev1.ContainerStateWaiting{}
	}
	return *s.ContainerStatuses[0].State.Waiting
}
