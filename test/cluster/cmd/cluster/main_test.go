// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/superset-operator/superset-operator/test/cluster"
)

// TestMain lets the test program be the command: the tests start it, and it
// starts itself as the world.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && commands[os.Args[1]] != nil {
		os.Exit(run(context.Background(), os.Args[1:]))
	}
	os.Exit(m.Run())
}

// cli runs the command, requires success, and returns its output.
func cli(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(os.Args[0], args...).CombinedOutput()
	if err != nil {
		t.Fatalf("cluster %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestUpAndDown(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	t.Cleanup(func() { cli(t, "down", "-dir", dir) })
	first := cli(t, "up", "-dir", dir)
	if !strings.Contains(first, "export KUBECONFIG="+filepath.Join(dir, "kubeconfig")) {
		t.Errorf("up does not print the kubeconfig:\n%s", first)
	}
	c, err := cluster.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	before := c.Processes()
	if second := cli(t, "up", "-dir", dir); !strings.Contains(second, "already up") {
		t.Errorf("output of a second up:\n%s", second)
	}
	cli(t, "status", "-dir", dir)
	migrates(t, kubernetes.NewForConfigOrDie(c.REST()))

	cli(t, "down", "-dir", dir)
	if len(before) != 6 {
		t.Errorf("got %d processes, want 6: %v", len(before), before)
	}
	for _, state := range c.Processes() {
		if state.Running {
			t.Errorf("%s (process %d) is still running", state.Name, state.PID)
		}
	}
	if out, err := exec.Command(os.Args[0], "status", "-dir", dir).CombinedOutput(); err == nil {
		t.Errorf("status of a stopped cluster succeeded:\n%s", out)
	}
	if out := cli(t, "down", "-dir", dir); !strings.Contains(out, "nothing is running") {
		t.Errorf("output of a second down:\n%s", out)
	}
}

// migrates verifies that the detached world works: the pod of a script succeeds.
func migrates(t *testing.T, client kubernetes.Interface) {
	pods := client.CoreV1().Pods("default")
	_, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "migrate", Labels: map[string]string{"superset-operator.dev/script": "migrate"}},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever,
			Containers:    []corev1.Container{{Name: "superset", Image: "apache/superset:6.0.0"}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		pod, err := pods.Get(ctx, "migrate", metav1.GetOptions{})
		return err == nil && pod.Status.Phase == corev1.PodSucceeded, err
	})
	if err != nil {
		t.Errorf("waiting for the migration: %v", err)
	}
}

func TestUsage(t *testing.T) {
	if out := cli(t, "up", "-h"); !strings.Contains(out, "-dir") {
		t.Errorf("output of up -h:\n%s", out)
	}
	for _, args := range [][]string{{"status", "extra"}, {"up", "-bogus"}} {
		if out, err := exec.Command(os.Args[0], args...).CombinedOutput(); err == nil {
			t.Errorf("cluster %v succeeded:\n%s", args, out)
		}
	}
}
