// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// cluster is administrator access to the node's cluster, limited to one
// namespace.
type cluster struct {
	client.WithWatch
	namespace string
	// volume is the folder of the namespace's backups.
	volume string
	// mysql is true when the metadata database is on MySQL.
	mysql bool
	// sample of config/samples that is installed; empty for the manifest of the test.
	sample string
}

func connect(t *testing.T) cluster {
	t.Helper()
	path := os.Getenv("KUBECONFIG")
	if path == "" {
		t.Fatal("KUBECONFIG is not set: the suite runs inside a node; use make e2e")
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
	log.SetLogger(logr.Discard()) // controller-runtime logs a complaint if no logger is set
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatalf("registering kinds: %v", err)
		}
	}
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatalf("making a client: %v", err)
	}
	return cluster{WithWatch: c}
}

// kubectl runs kubectl, stdin being a manifest or empty, and returns its output.
func (cluster) kubectl(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "kubectl", args...)
	command.Stdin = strings.NewReader(stdin)
	errors := strings.Builder{}
	command.Stderr = &errors
	out, err := command.Output()
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, errors.String())
	}
	return string(out)
}

func (c cluster) apply(t *testing.T, manifest string) {
	t.Helper()
	c.kubectl(t, manifest, "apply", "--filename=-")
}

// available waits until all pods of a Deployment are available.
func (c cluster) available(t *testing.T, in, name string) {
	t.Helper()
	c.kubectl(t, "", "--namespace="+in, "rollout", "status", "deployment/"+name, "--timeout=3m")
}

func key(in, name string) client.ObjectKey { return client.ObjectKey{Namespace: in, Name: name} }

// get reads an object of the namespace by name.
func (c cluster) get(t *testing.T, name string, object client.Object) {
	t.Helper()
	if err := c.Get(t.Context(), key(c.namespace, name), object); err != nil {
		t.Fatalf("reading %T %s: %v", object, name, err)
	}
}

// until polls until done returns true. The string that done returns describes the
// current state, and is shown on a timeout. Timeouts are generous and are not
// what is tested.
func until(t *testing.T, bound time.Duration, what string, done func(context.Context) (bool, string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	for {
		ok, state := done(ctx)
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited %s for %s; last seen: %s", bound, what, state)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// explainFailure logs what a person would look at first.
func (c cluster) explainFailure(t *testing.T) {
	if !t.Failed() {
		return
	}
	for _, args := range [][]string{
		{"--namespace=" + c.namespace, "get", "superset", "--output=yaml"},
		{"get", "pods", "--all-namespaces", "--output=wide"},
		{"--namespace=" + c.namespace, "get", "events", "--sort-by=.lastTimestamp"},
		{"--namespace=superset-operator-system", "logs", "--tail=60", "--selector=app.kubernetes.io/name=superset-operator"},
		{"--namespace=" + c.namespace, "logs", "--all-containers", "--prefix", "--tail=40", "--selector=app.kubernetes.io/instance=bi"},
	} {
		command := exec.Command("kubectl", args...)
		out, err := command.CombinedOutput()
		t.Logf("kubectl %s (%v)\n%s", strings.Join(args, " "), err, lastLines(string(out), 120))
	}
}

func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if cut := len(lines) - count; cut > 0 {
		return fmt.Sprintf("(%d lines more)\n%s", cut, strings.Join(lines[cut:], "\n"))
	}
	return strings.Join(lines, "\n")
}
