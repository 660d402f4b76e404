// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/test/operator"
)

// process is the manager of the installed Deployment.
type process struct {
	command *exec.Cmd
	log     string
}

// startOperator starts the manager with the arguments of the Deployment that is installed, as
// its ServiceAccount, and waits until it is ready.
func startOperator(t *testing.T) *process {
	t.Helper()
	d := &appsv1.Deployment{}
	if err := k8s.Get(t.Context(), client.ObjectKey{Namespace: operatorNamespace, Name: "superset-operator"}, d); err != nil {
		t.Fatal(err)
	}
	pod := d.Spec.Template.Spec
	container := pod.Containers[0]
	probes, err := operator.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	args := append(slices.Clone(container.Args), "-kubeconfig="+tokenFor(t, pod.ServiceAccountName), "-leader-election-namespace="+operatorNamespace, "-health-probe-bind-address="+probes)
	metrics := ""
	if !slices.Contains(container.Args, "--metrics-bind-address=0") {
		if metrics, err = operator.FreeAddress(); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-metrics-bind-address="+metrics)
	}
	p := &process{log: filepath.Join(t.TempDir(), "manager.log")}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	p.command = exec.Command(binary, args...)
	p.command.Stdout, p.command.Stderr = log, log
	// The image has no file system to write to.
	p.command.Env = append(environment(t, &container), "TMPDIR=/nonexistent", "HOME=/nonexistent")
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		_ = p.command.Wait()
		if t.Failed() {
			content, _ := os.ReadFile(p.log)
			t.Logf("the log of the manager with %v:\n%s", args, content)
		}
	})
	waitFor(t, "the manager is ready", func() error { return answer("http://"+probes+"/readyz", "", http.StatusOK) })
	if metrics != "" {
		checkMetrics(t, metrics)
	}
	return p
}

// stop stops it as the kubelet does, and it ends within the grace period.
func (p *process) stop(t *testing.T) {
	t.Helper()
	_ = p.command.Process.Signal(syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- p.command.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the manager ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the manager did not end within 30 seconds")
	}
	content, err := os.ReadFile(p.log)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"forbidden", "Forbidden", "no matches for kind"} {
		if strings.Contains(string(content), word) {
			t.Errorf("the log of the manager has %q:\n%s", word, content)
		}
	}
}

// environment is that of this process, and that of a container.
func environment(t *testing.T, c *corev1.Container) []string {
	t.Helper()
	own, err := operator.Environment(c)
	if err != nil {
		t.Fatal(err)
	}
	return append(os.Environ(), own...)
}

// runCheck runs what helm test runs: the operator's ServiceAccount passes, another one fails.
func runCheck(t *testing.T, w way) {
	t.Helper()
	args := []string{"--check"}
	if len(w.namespaces) > 0 {
		args = append(args, "--namespaces="+strings.Join(w.namespaces, ","))
	}
	program(t, binary, append(args, "-kubeconfig="+tokenFor(t, "superset-operator"))...)
	out, err := exec.Command(binary, append(args, "-kubeconfig="+tokenFor(t, "default"))...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "forbidden") {
		t.Errorf("the check as another ServiceAccount: %v\n%s", err, out)
	}
}

// checkMetrics: nobody reads the metrics without a token, and one whose ServiceAccount is bound
// to the role for readers does.
func checkMetrics(t *testing.T, address string) {
	t.Helper()
	url := "https://" + address + "/metrics"
	waitFor(t, "the metrics are served", func() error { return answer(url, "", http.StatusUnauthorized) })
	token := strings.TrimSpace(kubectl(t, "create", "token", "default", "-n", operatorNamespace))
	if err := answer(url, token, http.StatusForbidden); err != nil {
		t.Error(err)
	}
	kubectl(t, "create", "clusterrolebinding", "reads-metrics", "--clusterrole=superset-operator-metrics-reader", "--serviceaccount="+operatorNamespace+":default")
	defer kubectl(t, "delete", "clusterrolebinding", "reads-metrics")
	waitFor(t, "the metrics are read", func() error { return answer(url, token, http.StatusOK) })
}

// answer asks a URL, and returns an error if the status is not the wanted one.
func answer(url, token string, want int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != want {
		return fmt.Errorf("%s answered %s, want %d", url, response.Status, want)
	}
	return nil
}

func waitFor(t *testing.T, what string, try func() error) {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		err := try()
		if err == nil {
			return
		}
		if time.Since(begun) > limit {
			t.Fatalf("waiting until %s: %v", what, err)
		}
	}
}

// tokenFor writes a kubeconfig with a token of a ServiceAccount, and nothing else.
func tokenFor(t *testing.T, account string) string {
	t.Helper()
	authority, err := os.ReadFile(control.PKI.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{Server: control.URL, CertificateAuthorityData: authority}
	config.AuthInfos[account] = &clientcmdapi.AuthInfo{Token: strings.TrimSpace(kubectl(t, "create", "token", account, "-n", operatorNamespace, "--duration=1h"))}
	config.Contexts["cluster"] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: account}
	config.CurrentContext = "cluster"
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}
