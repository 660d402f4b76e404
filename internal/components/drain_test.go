// SPDX-License-Identifier: Apache-2.0

package components

import (
	"fmt"
	"os"
	command "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

func sleepFor(seconds int64) *corev1.LifecycleHandler {
	return &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: seconds}}
}

// A pod drains until no idle connection is left. What the user wrote stays in effect.
func TestDrainFitsTheUsersSettings(t *testing.T) {
	literal := func(value string) []v1alpha1.EnvVar {
		return []v1alpha1.EnvVar{{Name: superset.EnvKeepalive, Value: value}}
	}
	reference := []v1alpha1.EnvVar{{Name: superset.EnvKeepalive, ValueFrom: &v1alpha1.EnvVarSource{ConfigMapKeyRef: &v1alpha1.KeySelector{Name: "a", Key: "b"}}}}
	own := &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"/own.sh"}}}
	web := &corev1.LifecycleHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/own", Port: healthCheck().HTTPGet.Port}}
	const (
		grace = `{"spec":{"terminationGracePeriodSeconds":%}}`
		hook  = `{"spec":{"containers":[{"name":"superset","lifecycle":{"preStop":%}}]}}`
		env   = `{"spec":{"containers":[{"name":"superset","env":[{"name":"GUNICORN_KEEPALIVE","value":"%"}]}]}}`
	)
	for name, c := range map[string]struct {
		env   []v1alpha1.EnvVar
		patch string
		want  *corev1.LifecycleHandler
		grace int64
	}{
		"default":                    {nil, "", drain(10).PreStop, 90},
		"short keepalive":            {literal("5"), "", drain(10).PreStop, 90},
		"a proxy's keepalive":        {literal("75"), "", drain(77).PreStop, 157},
		"a very long keepalive":      {literal("650"), "", drain(120).PreStop, 200},
		"no number":                  {literal("$(OTHER)"), "", drain(10).PreStop, 90},
		"from a ConfigMap":           {reference, "", drain(10).PreStop, 90},
		"in podTemplate":             {nil, strings.Replace(env, "%", "75", 1), drain(77).PreStop, 157},
		"own grace period, short":    {literal("75"), strings.Replace(grace, "%", "30", 1), drain(10).PreStop, 30},
		"own grace period":           {literal("75"), strings.Replace(grace, "%", "120", 1), drain(40).PreStop, 120},
		"own grace period, long":     {literal("75"), strings.Replace(grace, "%", "600", 1), drain(77).PreStop, 600},
		"own sleep":                  {literal("75"), strings.Replace(hook, "%", `{"sleep":{"seconds":30}}`, 1), drain(30).PreStop, 90},
		"own command":                {nil, strings.Replace(hook, "%", `{"exec":{"command":["/own.sh"]}}`, 1), own, 90},
		"own request":                {nil, strings.Replace(hook, "%", `{"httpGet":{"path":"/own","port":"http"}}`, 1), web, 90},
		"own sleep, nothing else":    {nil, strings.Replace(hook, "%", `{"$patch":"replace","sleep":{"seconds":30}}`, 1), sleepFor(30), 90},
		"no handler":                 {nil, strings.Replace(hook, "%", "null", 1), nil, 90},
		"another container, no more": {nil, `{"spec":{"containers":[{"name":"a","image":"b"}]}}`, drain(10).PreStop, 90},
	} {
		s := read(t, "plain")
		s.Spec.Web.Env = c.env
		if c.patch != "" {
			s.Spec.Web.PodTemplate = raw(c.patch)
		}
		pod := deployment(t, component(t, s, Web), Web, nil).Spec.Template.Spec
		main := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return c.Name == MainContainer })
		if diff := cmp.Diff(c.want, pod.Containers[main].Lifecycle.PreStop); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got := *pod.TerminationGracePeriodSeconds; got != c.grace {
			t.Errorf("%s: grace period of %d s, want %d", name, got, c.grace)
		}
	}
}

// The start of web keeps the user's arguments for gunicorn, forgets an earlier drain, and
// starts also where it cannot write.
func TestWebStartsGunicornWithTheDrain(t *testing.T) {
	server := filepath.Join(t.TempDir(), "run-server.sh")
	if err := os.WriteFile(server, []byte("#!/bin/sh\necho \"$GUNICORN_CMD_ARGS\"\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	writable, file := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ folder, own, want string }{
		"default":      {writable, "", " --config=" + writable + "/gunicorn.py"},
		"own":          {writable, "--config 'my file.py'", "--config 'my file.py' --config=" + writable + "/gunicorn.py"},
		"not writable": {file + "/a", "--reload", "--reload"},
	} {
		marker := filepath.Join(c.folder, "draining")
		if err := os.MkdirAll(c.folder, 0o700); err == nil {
			if err := os.WriteFile(marker, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		script := strings.NewReplacer(runServerPath, server, drainDir, c.folder).Replace(Describe(Web).Command[2])
		run := command.CommandContext(t.Context(), "sh", "-c", script, "run-server")
		run.Env = []string{"PATH=" + os.Getenv("PATH"), "GUNICORN_CMD_ARGS=" + c.own}
		out, err := run.Output()
		if got := strings.TrimSuffix(string(out), "\n"); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
		if _, err := os.Stat(marker); err == nil {
			t.Errorf("%s: the drain of an earlier container is still there", name)
		}
		written, _ := os.ReadFile(filepath.Join(c.folder, "gunicorn.py"))
		if c.folder == writable && string(written) != gunicornConfig {
			t.Errorf("%s: gunicorn.py:\n%s", name, written)
		}
	}
}

// preStop marks the pod, waits, and ends gunicorn.
func TestDrainEndsGunicorn(t *testing.T) {
	folder := t.TempDir()
	script := strings.NewReplacer(drainDir, folder, "sleep 10", "sleep 0").Replace(drain(10).PreStop.Exec.Command[2])
	gunicorn := command.CommandContext(t.Context(), "sleep", "600")
	if err := gunicorn.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "gunicorn.pid"), fmt.Appendln(nil, gunicorn.Process.Pid), 0o600); err != nil {
		t.Fatal(err)
	}
	withOwnCommand := strings.ReplaceAll(script, folder, filepath.Join(folder, "missing"))
	for _, script := range []string{script, withOwnCommand} {
		if out, err := command.CommandContext(t.Context(), "sh", "-c", script).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", script, err, out)
		}
	}
	if err := gunicorn.Wait(); err == nil || err.Error() != "signal: terminated" {
		t.Errorf("gunicorn ended with %v, want SIGTERM", err)
	}
	if _, err := os.Stat(filepath.Join(folder, "draining")); err != nil {
		t.Error(err)
	}
}
