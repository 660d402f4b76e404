// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// contained is the part of a container that the namespace requires.
const contained = `image: cluster.local.test/services:1, imagePullPolicy: Never, ` +
	`securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}`

// threeInits are init containers of a user, which share the room for results.
const threeInits = `{name: one, command: ["true"], ` + contained + `}, {name: two, command: ["true"], ` + contained +
	`}, {name: three, command: ["true"], ` + contained + `}`

// quits is a proxy that ends when it is told to on the port of Istio.
const quits = `import http.server, os
class Quit(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200); self.end_headers(); self.wfile.flush(); os._exit(0 if self.path == "/quitquitquit" else 1)
http.server.HTTPServer(("127.0.0.1", 15020), Quit).serve_forever()`

// TestSidecars installs and upgrades with a proxy in the pods of Jobs: one that never ends, one that
// ends when it is told to, and a native sidecar. Only the Jobs of the first one are deleted.
func TestSidecars(t *testing.T) {
	c := connect(t)
	c.deployOperator(t)
	for name, spec := range map[string]string{
		"plain":  fmt.Sprintf(`containers: [{name: proxy, command: [sleep, infinity], %s}], initContainers: [%s]`, contained, threeInits),
		"quits":  fmt.Sprintf(`containers: [{name: proxy, command: [python, -c, %q], %s}], initContainers: [%s]`, quits, ofSuperset, threeInits),
		"native": fmt.Sprintf(`initContainers: [{name: proxy, restartPolicy: Always, command: [sleep, infinity], %s}, %s]`, contained, threeInits),
	} {
		t.Run(name, func(t *testing.T) {
			c := c.tenant(t, "sidecar-"+name)
			manifest := render(t, supersetText, tenant{Namespace: c.namespace, Version: "5.0.0"})
			c.apply(t, manifest+"\n  jobs: {podTemplate: {spec: {"+spec+"}}}\n")
			c.waitForPhase(t, v1alpha1.PhaseReady, "5.0.0")
			class := "e2e"
			c.patch(t, func(s *v1alpha1.Superset) {
				s.Spec.Version = "6.0.0"
				s.Spec.Upgrade.Backup = &v1alpha1.BackupSpec{Image: servicesImage, Claim: v1alpha1.BackupClaim{StorageClassName: &class}}
			})
			c.waitForPhase(t, v1alpha1.PhaseReady, "6.0.0")
			if s := c.superset(t); len(s.Status.Backups) != 1 {
				t.Errorf("backups %+v", s.Status.Backups)
			}
			c.sidecarsEnd(t, name != "plain")
		})
	}
}

// ofSuperset is contained with an image that has Python.
var ofSuperset = strings.Replace(contained, "services:1", "superset:5.0.0", 1)

// sidecarsEnd waits until no pod of a Job runs and each Job has ended. kept is whether the Jobs are
// complete and kept; otherwise they are deleted.
func (c cluster) sidecarsEnd(t *testing.T, kept bool) {
	t.Helper()
	ofScripts := []client.ListOption{client.InNamespace(c.namespace), client.HasLabels{v1alpha1.LabelScript}}
	until(t, 3*time.Minute, "the Jobs and their pods to end", func(ctx context.Context) (bool, string) {
		pods, jobs, running := corev1.PodList{}, batchv1.JobList{}, ""
		if err := errors.Join(c.List(ctx, &pods, ofScripts...), c.List(ctx, &jobs, ofScripts...)); err != nil {
			return false, err.Error()
		}
		for _, pod := range pods.Items {
			if pod.Status.Phase == corev1.PodRunning {
				running += " " + pod.Name
			}
		}
		for i := range jobs.Items {
			if !kept || !migrations.Ended(&jobs.Items[i]) {
				running += " " + jobs.Items[i].Name
			}
		}
		return running == "" && (len(jobs.Items) > 0) == kept, fmt.Sprintf("%d Jobs; running:%s", len(jobs.Items), running)
	})
}
