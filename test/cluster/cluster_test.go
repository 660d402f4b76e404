// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/superset-operator/superset-operator/test/cluster"
)

// eventually polls a condition with a generous timeout.
func eventually(t *testing.T, what string, met func(context.Context) (bool, error)) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 2*time.Minute, true, met); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

func start(t *testing.T, o cluster.Options) *cluster.Cluster {
	t.Helper()
	o.Progress = t.Output()
	c, err := cluster.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestCluster(t *testing.T) {
	c := start(t, cluster.Options{Dir: t.TempDir(), Kwok: true, AuditLog: true})
	admin := kubernetes.NewForConfigOrDie(c.REST())
	t.Run("runs a Deployment", func(t *testing.T) { runsDeployment(t, admin) })
	t.Run("enforces RBAC", func(t *testing.T) { enforcesRBAC(t, c) })
	t.Run("enforces Pod Security", func(t *testing.T) { enforcesPodSecurity(t, admin) })
	t.Run("writes an audit log", func(t *testing.T) { writesAuditLog(t, c) })
	t.Run("guards its folder", func(t *testing.T) {
		_, err := cluster.Start(t.Context(), cluster.Options{Dir: c.Dir})
		if err == nil || !strings.Contains(err.Error(), "stop it first") {
			t.Errorf("a second start in the folder: got %v, want an error", err)
		}
	})
	t.Run("stops", func(t *testing.T) { stops(t, c) })
}

func runsDeployment(t *testing.T, admin kubernetes.Interface) {
	labels := map[string]string{"app": "good"}
	_, err := admin.AppsV1().Deployments("default").Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "good"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "example.invalid/superset:6.0.0"}}},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Deployment", func(ctx context.Context) (bool, error) {
		d, err := admin.AppsV1().Deployments("default").Get(ctx, "good", metav1.GetOptions{})
		return err == nil && d.Status.AvailableReplicas == 1, err
	})
}

func enforcesRBAC(t *testing.T, c *cluster.Cluster) {
	path, err := c.KubeconfigFor("nobody", "visitors")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = kubernetes.NewForConfigOrDie(config).CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("a user without rights lists Secrets: got %v, want Forbidden", err)
	}
}

func enforcesPodSecurity(t *testing.T, admin kubernetes.Interface) {
	_, err := admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: "restricted", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = admin.CoreV1().Pods("restricted").Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "root"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "root", Image: "example.invalid/superset:6.0.0"}}},
	}, metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "PodSecurity") {
		t.Errorf("a pod that may run as root: got %v, want a rejection by PodSecurity", err)
	}
}

func writesAuditLog(t *testing.T, c *cluster.Cluster) {
	log, err := os.ReadFile(c.AuditLog)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(log, []byte(`"resource":"deployments","namespace":"default","name":"good"`)) {
		t.Error("the audit log does not contain the Deployment")
	}
	if bytes.Contains(log, []byte(`"resource":"leases"`)) {
		t.Error("the audit log contains leases")
	}
}

func stops(t *testing.T, c *cluster.Cluster) {
	before := c.Processes()
	if len(before) != 5 {
		t.Errorf("got %d processes, want 5: %v", len(before), before)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, state := range before {
		if !state.Running {
			t.Errorf("%s was not running", state.Name)
		}
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", state.PID)); err == nil {
			t.Errorf("process %d of %s is still running", state.PID, state.Name)
		}
	}
}

func TestFailedStart(t *testing.T) {
	dir := t.TempDir()
	_, err := cluster.Start(t.Context(), cluster.Options{Dir: dir, Advertise: "no-address"})
	if err == nil || !strings.Contains(err.Error(), "kube-apiserver.log") || !strings.Contains(err.Error(), "no-address") {
		t.Errorf("got %v, want an error with the end of kube-apiserver.log", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "pids", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("remaining processes: %v %v", left, err)
	}
}

func TestStartRejectsForeignFolder(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "pki")
	if err := os.Mkdir(precious, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := cluster.Start(t.Context(), cluster.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "other files") {
		t.Errorf("got %v, want an error", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}

func TestBuildRejectsUnknownProgram(t *testing.T) {
	if _, err := cluster.Build(t.Context(), nil, "kube-apiserver", "kubeadm"); err == nil || !strings.Contains(err.Error(), "kubeadm") {
		t.Errorf("got %v, want an error that names kubeadm", err)
	}
}
