// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/canary"
)

// wrongPassword is in URIs that do not work: errors of drivers are likely to quote them.
const wrongPassword = "canary0123456789wrong"

// TestCanary looks for the values of the Secret while real Superset is installed, fails and is
// upgraded: in every object of the namespace that is not a Secret, the logs of all its pods and
// of the operator, the metrics and the files of the backups.
func TestCanary(t *testing.T) {
	c := connect(t)
	c.deployOperator(t)
	c = c.tenant(t, "canary")
	values := c.secretValues(t)
	c.kubectl(t, "", "--namespace="+c.namespace, "create", "secret", "generic", "wrong",
		"--from-literal=uri=postgresql+psycopg2://superset:"+wrongPassword+"@postgres.servers:5432/"+c.database(),
		"--from-literal=malformed=postgresql+psycopg2://superset:"+wrongPassword+"@[postgres.servers:5432/"+c.database())
	c.apply(t, strings.Replace(render(t, supersetText, tenant{Namespace: c.namespace, Version: "5.0.0"}), "{name: bi, key: database-uri}", "{name: wrong, key: uri}", 1))
	c.preflightFails(t)
	c.revealsNothing(t, "a wrong password", values)
	c.patch(t, func(s *v1alpha1.Superset) { s.Spec.Database.URIFrom.Key = "malformed" })
	c.preflightFails(t)
	c.revealsNothing(t, "a malformed URI", values)

	c.patch(t, func(s *v1alpha1.Superset) {
		s.Spec.Database.URIFrom = &v1alpha1.SecretKeyReference{Name: "bi", Key: "database-uri"}
	})
	c.waitForPhase(t, v1alpha1.PhaseReady, "5.0.0")
	c.createAdmin(t, "5.0.0")
	class := "e2e"
	c.patch(t, func(s *v1alpha1.Superset) {
		s.Spec.Version, s.Spec.Image.Tag = "6.0.0", "6.0.0-migration-fails"
		u := &s.Spec.Upgrade
		u.Strategy, u.Rehearsal, u.RehearsalJob.Image = v1alpha1.StrategyDrain, v1alpha1.RehearsalNever, servicesImage
		u.Backup = &v1alpha1.BackupSpec{Image: servicesImage, Claim: v1alpha1.BackupClaim{StorageClassName: &class}}
	})
	c.waitForPhase(t, v1alpha1.PhaseRolledBack, "5.0.0")
	c.revealsNothing(t, "a failed migration", values)
	c.patch(t, func(s *v1alpha1.Superset) {
		s.Spec.Image.Tag, s.Spec.Upgrade.Rehearsal = "", v1alpha1.RehearsalAlways
	})
	c.waitForPhase(t, v1alpha1.PhaseReady, "6.0.0")
	c.revealsNothing(t, "an upgrade", values)
}

// secretValues are the values of the tenant's Secret that are secret.
func (c cluster) secretValues(t *testing.T) []string {
	t.Helper()
	secret := corev1.Secret{}
	c.get(t, "bi", &secret)
	_, rest, _ := strings.Cut(string(secret.Data["database-uri"]), "://superset:")
	password, _, found := strings.Cut(rest, "@")
	values := []string{wrongPassword, password, string(secret.Data["secret-key"]), string(secret.Data["admin-password"])}
	for _, value := range values {
		if !found || len(value) < 12 {
			t.Fatalf("the Secret of the tenant has the values %q", values)
		}
	}
	return values
}

// revealsNothing looks for the values in everything that exists now, and makes sure that the
// search finds what is there: a text that each sink has.
func (c cluster) revealsNothing(t *testing.T, after string, values []string) {
	t.Helper()
	sinks, err := canary.Objects(t.Context(), c, c.namespace)
	if err != nil {
		t.Fatal(err)
	}
	pods := corev1.PodList{}
	if err := c.List(t.Context(), &pods, client.InNamespace(c.namespace)); err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods.Items {
		for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			sinks["logs"] += c.containerLogs(t, pod.Name, container.Name)
		}
	}
	const operators = "--namespace=superset-operator-system"
	sinks["log of the operator"] = c.kubectl(t, "", operators, "logs", "deployment/superset-operator")
	sinks["metrics"] = c.operatorMetrics(t)
	sinks["files of backups"] = filesUnder(t, c.volume)
	for _, sink := range []string{"Superset", "ConfigMap", "Event", "Job", "Pod", "logs", "log of the operator", "metrics"} {
		if len(sinks[sink]) < 100 {
			t.Errorf("after %s, the sink %s has only %q", after, sink, sinks[sink])
		}
	}
	for sink, text := range sinks {
		if found := canary.Find(text, values...); found != nil {
			t.Errorf("after %s, %s has the values %v", after, sink, found)
		}
	}
}

// preflightFails waits until the run of the current spec has failed by what preflight reports.
func (c cluster) preflightFails(t *testing.T) {
	t.Helper()
	until(t, 10*time.Minute, "a failed preflight", func(context.Context) (bool, string) {
		s := c.superset(t)
		return s.Status.ObservedGeneration == s.Generation && s.Status.Phase == v1alpha1.PhaseFailed, readyMessage(s)
	})
}

// containerLogs are the logs of a container; empty if it has not started.
func (c cluster) containerLogs(t *testing.T, pod, container string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "kubectl", "--namespace="+c.namespace, "logs", pod, "--container="+container).Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// metricsReader is bound to the role that the operator ships for Prometheus.
const metricsReader = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: canary-metrics-reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: superset-operator-metrics-reader}
subjects: [{kind: ServiceAccount, name: default, namespace: canary}]
`

// operatorMetrics reads the metrics as Prometheus does.
func (c cluster) operatorMetrics(t *testing.T) string {
	t.Helper()
	c.apply(t, metricsReader)
	token := strings.TrimSpace(c.kubectl(t, "", "--namespace="+c.namespace, "create", "token", "default"))
	address := c.kubectl(t, "", "--namespace=superset-operator-system", "get", "pods",
		"--selector=app.kubernetes.io/name=superset-operator", "--output=jsonpath={.items[0].status.podIP}")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+net.JoinHostPort(address, "8443")+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // the certificate is self-signed
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("the metrics answer %s: %v", response.Status, err)
	}
	return string(raw)
}

// filesUnder are the names and the contents of the files of a folder.
func filesUnder(t *testing.T, folder string) string {
	t.Helper()
	text := strings.Builder{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		text.WriteString(path + "\n")
		text.Write(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}
