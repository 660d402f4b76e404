// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/cluster/world"
	shipped "github.com/superset-operator/superset-operator/test/operator"
)

// Shared by all tests.
var (
	k8s       client.WithWatch
	control   *cluster.Cluster
	simulated *world.World
	operator  *process
)

// atOnce is the number of parallel tests: they mostly wait.
const atOnce = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", atOnce)
	// The operator ends if it changes an object of its cache. client-go reads the variable.
	_ = os.Setenv("KUBE_CACHE_MUTATION_DETECTOR", "true")
	log.SetLogger(logr.Discard()) // controller-runtime logs a complaint if no logger is set
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "integration:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// runAll starts everything that the tests need, runs them, and stops it.
func runAll(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir, err := os.MkdirTemp("", "integration")
	if err != nil {
		return 0, err
	}
	defer func() {
		if code == 0 {
			_ = os.RemoveAll(dir)
		} else {
			fmt.Fprintln(os.Stderr, "integration: the logs are in", dir)
		}
	}()
	control, err = cluster.Start(ctx, cluster.Options{Dir: filepath.Join(dir, "cluster"), Progress: os.Stderr, Kwok: true, AuditLog: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = firstOf(err, control.Stop()) }()
	if err := shipped.Install(ctx, control); err != nil {
		return 0, err
	}
	scheme := runtime.NewScheme()
	_, _ = clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)
	if k8s, err = client.NewWithWatch(control.REST(), client.Options{Scheme: scheme}); err != nil {
		return 0, err
	}
	simulated = world.New(control.REST(), world.Options{OnJob: func(pod *corev1.Pod) *world.Outcome { return podOutcome(ctx, pod) }})
	go func() { _ = simulated.Run(ctx) }()
	if operator, err = newOperator(ctx, dir); err != nil {
		return 0, err
	}
	if err := operator.start(); err != nil {
		return 0, err
	}
	defer operator.kill()
	return m.Run(), nil
}

// Annotations on the pods of Jobs, with any value.
const (
	// annotationCrashes ends the first attempt of migrate without a result, as the
	// out-of-memory killer would.
	annotationCrashes = "test.example/crashes-once"
	// annotationVerifyHangs makes the verify Job run without end.
	annotationVerifyHangs = "test.example/verify-hangs"
)

// podOutcome chooses how a Job's pod ends where package world does not decide it.
func podOutcome(ctx context.Context, pod *corev1.Pod) *world.Outcome {
	_, crashes := pod.Annotations[annotationCrashes]
	_, startHangingMigration := pod.Annotations[annotationVerifyHangs]
	script := pod.Labels[v1alpha1.LabelScript]
	if startHangingMigration && script == "verify" {
		<-ctx.Done()
	}
	if crashes && script == "migrate" && pod.Labels[v1alpha1.LabelAttempt] == "1" {
		return &world.Outcome{ExitCode: 137}
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
