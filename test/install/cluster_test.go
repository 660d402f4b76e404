// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/cluster/world"
	"github.com/superset-operator/superset-operator/test/operator"
	"github.com/superset-operator/superset-operator/test/sample"
)

const (
	operatorNamespace = "superset-operator-system"
	supersetNamespace = "superset"
	// limit is the timeout of every wait, far above what anything here takes.
	limit = 4 * time.Minute
)

var crdNames = []string{
	"supersets.superset-operator.dev", "supersetwebworkers.superset-operator.dev",
	"supersetasyncworkers.superset-operator.dev", "supersetasyncschedulers.superset-operator.dev",
}

// Shared by all tests.
var (
	control *cluster.Cluster
	k8s     client.Client
	binary  string
	helmCLI string
)

func TestMain(m *testing.M) {
	flag.Parse()
	log.SetLogger(logr.Discard()) // controller-runtime logs a complaint if no logger is set
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir, err := os.MkdirTemp("", "install")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "manager")
	if err := operator.Build(ctx, binary); err != nil {
		return 0, err
	}
	if control, err = cluster.Start(ctx, cluster.Options{Dir: filepath.Join(dir, "cluster"), Progress: os.Stderr, Kwok: true}); err != nil {
		return 0, err
	}
	defer func() {
		if stopped := control.Stop(); err == nil {
			err = stopped
		}
	}()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return 0, err
		}
	}
	if k8s, err = client.New(control.REST(), client.Options{Scheme: scheme}); err != nil {
		return 0, err
	}
	simulated := world.New(control.REST(), world.Options{})
	go func() { _ = simulated.Run(ctx) }()
	return m.Run(), nil
}

func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return program(t, control.Kubectl, append([]string{"--kubeconfig=" + control.Kubeconfig}, args...)...)
}

func helm(t *testing.T, args ...string) {
	t.Helper()
	if helmCLI == "" {
		helmCLI = helmPath(t)
	}
	program(t, helmCLI, append([]string{"--kubeconfig=" + control.Kubeconfig}, args...)...)
}

func program(t *testing.T, path string, args ...string) string {
	t.Helper()
	command := exec.Command(path, args...)
	var failed strings.Builder
	command.Stderr = &failed
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(path), strings.Join(args, " "), err, out, failed.String())
	}
	return string(out)
}

func createNamespace(t *testing.T, name string) {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}
	if err := k8s.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
}

func deleteNamespace(t *testing.T, name string) {
	t.Helper()
	kubectl(t, "delete", "namespace", "--ignore-not-found", "--wait", name)
}

// may asks the API server whether the ServiceAccount of the operator may do something.
func may(t *testing.T, verb, resource, namespace string) bool {
	t.Helper()
	command := exec.Command(control.Kubectl, "--kubeconfig="+control.Kubeconfig, "auth", "can-i", verb, resource, "-n", namespace, "--as", operator.User)
	out, _ := command.Output() // fails when the answer is no
	answer := strings.TrimSpace(string(out))
	if answer != "yes" && answer != "no" {
		t.Fatalf("kubectl auth can-i %s %s: %q", verb, resource, out)
	}
	return answer == "yes"
}

func createSuperset(t *testing.T) {
	t.Helper()
	if err := k8s.Create(t.Context(), sample.Secret(supersetNamespace)); err != nil {
		t.Fatal(err)
	}
	if err := k8s.Create(t.Context(), sample.Superset(supersetNamespace, "6.0.0")); err != nil {
		t.Fatal(err)
	}
}

// waitReady waits until the Superset is Ready for its latest spec.
func waitReady(t *testing.T) *v1alpha1.Superset {
	t.Helper()
	s := &v1alpha1.Superset{}
	for begun := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		err := k8s.Get(t.Context(), client.ObjectKey{Namespace: supersetNamespace, Name: sample.Name}, s)
		if err == nil && s.Status.Phase == v1alpha1.PhaseReady && s.Status.ObservedGeneration == s.Generation {
			return s
		}
		if time.Since(begun) > limit {
			t.Fatalf("not Ready (%v): %+v", err, s.Status)
		}
	}
}

// scaleWorkers scales the workers, which the operator must do although no release changes,
// and returns the Superset when they are scaled.
func scaleWorkers(t *testing.T, replicas int32) *v1alpha1.Superset {
	t.Helper()
	s := waitReady(t)
	s.Spec.Worker.Replicas = &replicas
	if err := k8s.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	waitReady(t)
	for begun := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		pods := podsOf(t, "worker")
		if len(pods) == int(replicas) {
			return waitReady(t)
		}
		if time.Since(begun) > limit {
			t.Fatalf("%d workers, want %d", len(pods), replicas)
		}
	}
}

func podsOf(t *testing.T, component string) []corev1.Pod {
	t.Helper()
	pods := corev1.PodList{}
	labels := client.MatchingLabels{"app.kubernetes.io/instance": sample.Name, "app.kubernetes.io/component": component}
	if err := k8s.List(t.Context(), &pods, client.InNamespace(supersetNamespace), labels); err != nil {
		t.Fatal(err)
	}
	return pods.Items
}

func podsServe(t *testing.T) bool {
	t.Helper()
	for _, pod := range podsOf(t, "web") {
		for _, c := range pod.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil {
				return true
			}
		}
	}
	return false
}

func supersets(t *testing.T) int {
	t.Helper()
	list := v1alpha1.SupersetList{}
	if err := k8s.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	return len(list.Items)
}
