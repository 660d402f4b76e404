// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/superset-operator/superset-operator/test/cluster"
)

// User is the user that the shipped role is bound to.
const User = "system:serviceaccount:superset-operator-system:superset-operator"

// Install applies the operator's namespace, CRDs and RBAC, with the kubectl of
// the cluster.
func Install(ctx context.Context, c *cluster.Cluster) error {
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	for _, path := range []string{"config/manager/namespace.yaml", "config/crd", "config/rbac"} {
		if err := apply(ctx, c, filepath.Join(root, path)); err != nil {
			return err
		}
	}
	return nil
}

// apply applies a file, or a folder with a kustomization.
func apply(ctx context.Context, c *cluster.Cluster, path string) error {
	flag := "-f"
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		flag = "-k"
	}
	command := exec.CommandContext(ctx, c.Kubectl, "--kubeconfig="+c.Kubeconfig, "apply", flag, path)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("applying %s: %w\n%s", path, err, out)
	}
	return nil
}

// Build compiles the manager, with build tags.
func Build(ctx context.Context, path string, tags ...string) error {
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", "build", "-tags", strings.Join(tags, ","), "-o", path, "./cmd/manager")
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the manager: %w\n%s", err, out)
	}
	return nil
}

// Flags make the manager run as User, with its metrics over plain HTTP at an
// address such as 127.0.0.1:18444.
func Flags(c *cluster.Cluster, metrics string) ([]string, error) {
	kubeconfig, err := kubeconfig(c)
	if err != nil {
		return nil, err
	}
	return []string{
		"-kubeconfig=" + kubeconfig, "-metrics-bind-address=" + metrics, "-metrics-secure=false",
		"-health-probe-bind-address=0", "-zap-devel",
	}, nil
}

// REST is the client configuration for an operator in the test's own process: as
// User, and without client-side rate limiting.
func REST(c *cluster.Cluster) (*rest.Config, error) {
	path, err := kubeconfig(c)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, fmt.Errorf("reading the operator's kubeconfig: %w", err)
	}
	config.QPS = -1
	return config, nil
}

func kubeconfig(c *cluster.Cluster) (string, error) {
	return c.KubeconfigFor(User, "system:serviceaccounts", "system:authenticated")
}

// FreeAddress returns a loopback address with a port that is free at the moment.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// Answers waits until the manager serves its metrics. It gives up after half a
// minute, or when alive returns an error.
func Answers(ctx context.Context, metrics string, alive func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := ask(ctx, "http://"+metrics+"/metrics")
		if err == nil {
			return nil
		}
		if dead := alive(); dead != nil {
			return dead
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the operator: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func ask(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %s", url, response.Status)
	}
	return nil
}
