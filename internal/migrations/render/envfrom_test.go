// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// withVariables is a Superset with variables for all pods, and its release.
func withVariables(t *testing.T) (*v1alpha1.Superset, *components.Release) {
	t.Helper()
	s, _ := read(t, "plain")
	s.Spec.Env = v1alpha1.EnvVars{{Name: "A", Value: "all"}, {Name: "B", Value: "all"}}
	s.Spec.EnvFrom = v1alpha1.EnvFromSources{{SecretRef: &v1alpha1.ObjectSelector{Name: "theirs"}}}
	s.Spec.Jobs = &v1alpha1.JobsSpec{PodSettings: v1alpha1.PodSettings{Env: v1alpha1.EnvVars{{Name: "A", Value: "jobs"}}}}
	r, err := components.ReleaseOf(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

// The variables for all pods are in each Job, where those of jobs win. What envFrom names may be
// a secret key: an image of a database gets it only for a user's command.
func TestVariablesOfJobs(t *testing.T) {
	s, r := withVariables(t)
	for _, command := range [][]string{nil, {"sh", "-c", "save"}} {
		s.Spec.Upgrade.Backup = &v1alpha1.BackupSpec{Image: "registry.example.com/tool:1", Command: command, RestoreCommand: command}
		for _, script := range migrations.Scripts {
			job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r, Database: "postgresql"})
			if err != nil {
				t.Fatal(err)
			}
			pod := job.Spec.Template.Spec
			main := pod.Containers[0]
			if value(&main, "A") != "jobs" || value(&main, "B") != "all" || len(main.EnvFrom) != 1 {
				t.Errorf("%s: %+v, envFrom %+v", script, main.Env, main.EnvFrom)
			}
			for _, c := range pod.InitContainers {
				if c.Name != databaseContainer {
					continue
				}
				runs := command != nil && !isCheck(script)
				if value(&c, "A") != "jobs" || (len(c.EnvFrom) == 1) != runs {
					t.Errorf("%s with the command %q: the image of the database gets A=%q and %+v", script, command, value(&c, "A"), c.EnvFrom)
				}
			}
		}
	}
}

// A Secret behind envFrom may have the URI of the database: an empty variable hides it from
// whatever works on the copy.
func TestEnvFromDoesNotBreakTheIsolation(t *testing.T) {
	s, r := withVariables(t)
	pod := rehearsalPod(t, s, Order{Release: r, Current: r})
	for _, c := range append(pod.InitContainers, pod.Containers...) {
		hidden := false
		for _, e := range c.Env {
			hidden = hidden || e.Name == superset.EnvDatabaseURI && e.Value == "" && e.ValueFrom == nil
		}
		if reads := len(c.EnvFrom) > 0 && c.Name != prepareContainer; reads != hidden {
			t.Errorf("%s: envFrom %+v, the URI is hidden: %v", c.Name, c.EnvFrom, hidden)
		}
	}
}

func value(c *corev1.Container, name string) string {
	for _, e := range c.Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}
