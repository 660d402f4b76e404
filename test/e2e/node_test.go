// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

const nodeManifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: greeter, namespace: node-test}
spec:
  replicas: 2
  selector: {matchLabels: {app: greeter}}
  template:
    metadata: {labels: {app: greeter}}
    spec:
      containers:
        - name: greeter
          image: cluster.local.test/pod:1
          args: [serve, ":8080"]
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: greeter, namespace: node-test}
spec: {selector: {app: greeter}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: ask, namespace: node-test}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: ask, image: "cluster.local.test/pod:1", args: [get, "http://greeter.node-test.svc.cluster.local/"]}
---
apiVersion: v1
kind: Pod
metadata: {name: no-such-image, namespace: node-test}
spec: {containers: [{name: none, image: "cluster.local.test/no-such-image:1"}]}
`

// TestNode verifies the node: a pod runs and becomes ready by its probe, its
// Service routes, names resolve, and a missing image is reported and does not
// hang.
func TestNode(t *testing.T) {
	c := connect(t)
	c.kubectl(t, "", "create", "namespace", "node-test")
	c.apply(t, nodeManifest)
	c.available(t, "node-test", "greeter")

	job := batchv1.Job{}
	until(t, time.Minute, "a pod to reach the Service by name", func(ctx context.Context) (bool, string) {
		job = batchv1.Job{}
		if err := c.Get(ctx, key("node-test", "ask"), &job); err != nil {
			return false, err.Error()
		}
		return job.Status.Succeeded+job.Status.Failed > 0, job.Status.String()
	})
	answer := c.kubectl(t, "", "--namespace=node-test", "logs", "job/ask")
	if job.Status.Succeeded != 1 || !strings.HasPrefix(answer, "greeter-") {
		t.Errorf("the Service answered %q, want the name of a greeter pod", answer)
	}

	until(t, time.Minute, "the missing image to be reported", func(ctx context.Context) (bool, string) {
		pod := corev1.Pod{}
		if err := c.Get(ctx, key("node-test", "no-such-image"), &pod); err != nil {
			return false, err.Error()
		}
		for _, status := range pod.Status.ContainerStatuses {
			if waiting := status.State.Waiting; waiting != nil {
				return waiting.Reason == "ErrImagePull" || waiting.Reason == "ImagePullBackOff", waiting.Reason
			}
		}
		return false, string(pod.Status.Phase)
	})
	c.kubectl(t, "", "delete", "namespace", "node-test", "--wait=false")
}

// TestSupersetWithoutOperator verifies the images, and the requests of the journeys,
// without the operator and under the restricted level: the first release migrates
// an empty database and serves; the second migrates that database and serves what
// was created before.
func TestSupersetWithoutOperator(t *testing.T) {
	c := connect(t).tenant(t, "by-hand")
	c.onServer(t, "", "createdb", "--owner=superset", c.database())
	c.migrateAndServe(t, journeys[0].from)
	c.createAdmin(t, journeys[0].from)
	made := c.login(t, c.webAddress(t, "web"), nil).create(t, c.databaseURI(t), false)
	c.login(t, c.webAddress(t, "web"), nil).check(t, made)
	c.migrateAndServe(t, journeys[0].to)
	c.login(t, c.webAddress(t, "web"), nil).check(t, made)
}

func (c cluster) migrateAndServe(t *testing.T, version string) {
	t.Helper()
	c.run(t, byHand{Name: "migrate-" + version, Version: version, Script: "superset db upgrade && superset init"})
	c.applyByHand(t, byHand{Name: "web", Version: version, Script: "exec /usr/bin/run-server.sh", Serve: true})
	c.available(t, c.namespace, "web")
}
