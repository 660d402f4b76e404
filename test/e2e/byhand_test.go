// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	_ "embed"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

//go:embed manifests/by-hand.yaml.tmpl
var byHandText string

// byHand is a pod of Superset that the test runs without the operator.
type byHand struct {
	Name, Version, Script string
	// Serve makes it a Deployment with a readiness probe, not a Job.
	Serve     bool
	Namespace string
}

func (c cluster) applyByHand(t *testing.T, b byHand) {
	t.Helper()
	b.Namespace = c.namespace
	c.apply(t, render(t, byHandText, b))
}

// run runs a Job without the operator and waits until it has succeeded.
func (c cluster) run(t *testing.T, b byHand) {
	t.Helper()
	c.applyByHand(t, b)
	until(t, 5*time.Minute, "Job "+b.Name, func(context.Context) (bool, string) {
		job := batchv1.Job{}
		c.get(t, b.Name, &job)
		for _, condition := range job.Status.Conditions {
			if condition.Type == batchv1.JobFailed && condition.Status == corev1.ConditionTrue {
				logs := c.kubectl(t, "", "--namespace="+c.namespace, "logs", "--tail=30", "job/"+b.Name)
				t.Fatalf("Job %s failed: %s\n%s", b.Name, condition.Message, logs)
			}
		}
		return job.Status.Succeeded == 1, "running"
	})
}

// createAdmin creates a user to log in with, where spec.init does not.
func (c cluster) createAdmin(t *testing.T, version string) {
	t.Helper()
	c.run(t, byHand{Name: "create-admin", Version: version, Script: "superset fab create-admin --username admin" +
		` --firstname Test --lastname Test --email admin@example.invalid --password "$ADMIN_PASSWORD"`})
}

// databaseURI is the URI of the metadata database, which the test also uses as a
// database to query.
func (c cluster) databaseURI(t *testing.T) string {
	t.Helper()
	secret := corev1.Secret{}
	c.get(t, "bi", &secret)
	return string(secret.Data["database-uri"])
}
