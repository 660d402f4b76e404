// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Every pod of the operator passes the restricted Pod Security Standard, evaluated with the
// library of the API server's admission plugin.
func TestPodsAreRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := psa.LevelVersion{Level: psa.LevelRestricted, Version: psa.LatestVersion()}
	judge := func(template *corev1.PodTemplateSpec) policy.AggregateCheckResult {
		return policy.AggregateCheckResults(evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec))
	}
	checked := 0
	s, r := read(t, "plain") // without a user's patch, which may violate the standard
	for _, d := range components.Catalog {
		deployment, err := components.Deployment(d, r.Component(d.Name, s), nil, components.Platform{})
		if err != nil {
			t.Fatal(err)
		}
		if got := judge(&deployment.Spec.Template); !got.Allowed {
			t.Errorf("the pods of %s: %s", d.Name, got.ForbiddenDetail())
		}
		checked++
	}
	s.Spec.Upgrade.Backup = &v1alpha1.BackupSpec{}
	for _, script := range migrations.Scripts {
		job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r})
		if err != nil {
			t.Fatal(err)
		}
		if got := judge(&job.Spec.Template); !got.Allowed {
			t.Errorf("the pod of %s: %s", script, got.ForbiddenDetail())
		}
		// The evaluator detects a violation.
		escalates := true
		job.Spec.Template.Spec.Containers[0].SecurityContext.AllowPrivilegeEscalation = &escalates
		if judge(&job.Spec.Template).Allowed {
			t.Error("privilege escalation is accepted as restricted")
		}
		checked++
	}
	s.Spec.Monitoring = &v1alpha1.MonitoringSpec{StatsdExporter: &v1alpha1.StatsdExporterSpec{}, HealthExporter: &v1alpha1.HealthExporterSpec{}}
	statsd, err := components.StatsdExporter(s, components.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	health, err := HealthExporter(s, r, components.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*components.Exporter{statsd, health} {
		if got := judge(&e.Deployment.Spec.Template); !got.Allowed {
			t.Errorf("the pod of %s: %s", e.Deployment.Name, got.ForbiddenDetail())
		}
		checked++
	}
	if checked != 14 {
		t.Errorf("%d pods were checked, want those of 3 components, 9 Jobs and 2 exporters", checked)
	}
}

// Where admission assigns ids, no Job has a fixed one, in any of its containers: neither the
// database clients nor a scratch database.
func TestJobsWithAssignedIDs(t *testing.T) {
	s, r := read(t, "plain")
	s.Spec.Upgrade.Backup = &v1alpha1.BackupSpec{}
	containers := 0
	for _, script := range migrations.Scripts {
		job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r, Current: r, Database: "postgresql",
			Platform: components.Platform{AssignsIDs: true}})
		if err != nil {
			t.Fatal(err)
		}
		pod := job.Spec.Template.Spec
		if id := pod.SecurityContext; id.RunAsUser != nil || id.RunAsGroup != nil || id.FSGroup != nil {
			t.Errorf("%s has fixed ids: %+v", script, id)
		}
		for _, c := range append(pod.InitContainers, pod.Containers...) {
			containers++
			if id := c.SecurityContext; id.RunAsUser != nil || id.RunAsGroup != nil {
				t.Errorf("%s, container %s, has fixed ids: %+v", script, c.Name, id)
			}
		}
	}
	if containers != 22 {
		t.Errorf("%d containers, want one of each Job, two more of backup, restore and their checks, and five of rehearse", containers)
	}
}
