// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// imageGunicorn is gunicorn's version in the official images of 5.0 and newer.
const imageGunicorn = "23.0.0"

// webPod runs the container of a web pod: its command, and its preStop when it is to end.
type webPod struct {
	*process
	address string
	folder  string // instead of /tmp/superset-operator
	preStop []string
}

// startWebPod starts the command of a web pod with a version of gunicorn; empty for that of the
// environment.
func startWebPod(t *testing.T, j job, gunicorn string, env ...v1alpha1.EnvVar) *webPod {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "superset-operator")
	main := webContainer(t, j.statsd, env)
	p := &webPod{address: fmt.Sprintf("127.0.0.1:%d", freePort(t)), folder: folder, preStop: movedTo(folder, main.Lifecycle.PreStop.Exec.Command)}
	words := movedTo(folder, main.Command)
	words[2] = strings.ReplaceAll(words[2], "/usr/bin/run-server.sh", runServerIn(t))
	command := j.command(t, "python")
	command.Path, command.Args = "/bin/sh", words
	for _, e := range main.Env {
		if e.ValueFrom == nil && !strings.HasPrefix(e.Name, "SUPERSET_") {
			command.Env = append(command.Env, e.Name+"="+e.Value)
		}
		if e.Name == "PWD" { // the working directory
			command.Dir = e.Value
		}
	}
	host, port, _ := strings.Cut(p.address, ":")
	command.Env = append(command.Env, superset.EnvBindAddress+"="+host, "SUPERSET_PORT="+port)
	if gunicorn != "" {
		command.Env = withGunicorn(t, command, gunicorn)
	}
	p.process = start(t, "web", command, syscall.SIGTERM)
	t.Cleanup(p.kill)
	client := http.Client{Timeout: 5 * time.Second}
	p.waitUntil(t, "answering", func() bool {
		response, err := client.Get("http://" + p.address + "/health")
		if err == nil {
			_ = response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	})
	return p
}

// kill ends gunicorn if the test has not ended the pod.
func (p *webPod) kill() {
	text, err := os.ReadFile(filepath.Join(p.folder, "gunicorn.pid"))
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && p.ProcessState == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL) // its workers end with it
	}
}

// webContainer is the container of a web pod, as the operator renders it.
func webContainer(t *testing.T, statsd string, env []v1alpha1.EnvVar) corev1.Container {
	t.Helper()
	web := &v1alpha1.SupersetWebWorker{}
	web.Name = "bi"
	web.Spec.Env, web.Spec.StatsdHost = env, statsd
	d, err := components.Deployment(components.Describe(components.Web), web, nil, components.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Spec.Template.Spec.Containers[0]
}

// movedTo replaces the folder of the pod, because the pods of the test share /tmp.
func movedTo(folder string, words []string) []string {
	var out []string
	for _, word := range words {
		out = append(out, strings.ReplaceAll(word, "/tmp/superset-operator", folder))
	}
	return out
}

// runServerIn is a run-server.sh as that of the official images: the shell stays the first
// process of the container.
func runServerIn(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../images/run-server.sh")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "run-server.sh")
	writeFile(t, file, strings.Replace(string(text), "exec gunicorn", "gunicorn", 1)+"exit $?\n")
	if err := os.Chmod(file, 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// withGunicorn is the environment of a command with another version of gunicorn.
func withGunicorn(t *testing.T, command *exec.Cmd, version string) []string {
	t.Helper()
	folder := filepath.Join(machine.cache, "gunicorn-"+version)
	unlock := lock(t, folder+".lock")
	defer unlock()
	if _, err := os.Stat(filepath.Join(folder, "gunicorn")); err != nil {
		install := exec.Command(machine.uv, "pip", "install", "--quiet", "--no-deps", "--python", machine.python, "--target", folder, "gunicorn=="+version)
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("installing gunicorn %s: %v\n%s", version, err, out)
		}
	}
	program := filepath.Join(t.TempDir(), "gunicorn")
	writeFile(t, program, "#!/bin/sh\nexec python -m gunicorn \"$@\"\n")
	if err := os.Chmod(program, 0o755); err != nil {
		t.Fatal(err)
	}
	env := []string{"PYTHONPATH=" + folder}
	for _, e := range command.Env {
		if path, ok := strings.CutPrefix(e, "PATH="); ok {
			e = "PATH=" + filepath.Dir(program) + ":" + path
		}
		env = append(env, e)
	}
	return env
}

// end runs preStop, as the kubelet does, and waits until the pod has ended. There is no SIGTERM:
// the first process of the container, a shell, ignores it.
func (p *webPod) end(t *testing.T) {
	t.Helper()
	if out, err := exec.Command(p.preStop[0], p.preStop[1:]...).CombinedOutput(); err != nil {
		t.Errorf("preStop: %v\n%s", err, out)
	}
	poll(t, "the web pod ends after preStop", func() bool {
		select {
		case <-p.done:
			return true
		default:
			return false
		}
	})
}

// TestKeptConnections: clients, and a proxy that keeps its connections for a minute, lose no
// request while web pods are replaced.
func TestKeptConnections(t *testing.T) {
	for name, c := range map[string]struct {
		release  release
		gunicorn string
	}{
		"5.0.0":               {v500, imageGunicorn},
		"6.0.0":               {v600, imageGunicorn},
		"6.1.0":               {v610, imageGunicorn},
		"6.1.0, its gunicorn": {v610, ""},
	} {
		t.Run(name, func(t *testing.T) {
			j := job{release: c.release, database: "sqlite:///" + filepath.Join(t.TempDir(), "bi.db")}
			keep := v1alpha1.EnvVar{Name: superset.EnvKeepalive, Value: "8"} // longer than the pauses of the clients
			pod := startWebPod(t, j, c.gunicorn, keep)
			users := startUsers(t, pod.address)
			for range 2 {
				next := startWebPod(t, j, c.gunicorn, keep)
				before := users.counted()
				go func() {
					time.Sleep(time.Second) // as kube-proxy takes to route to the next pod
					users.address.Store(&next.address)
				}()
				pod.end(t)
				if got := users.counted(); got.reused == before.reused || got.closed == before.closed {
					t.Errorf("no kept connection was used and closed meanwhile: %+v, then %+v", before, got)
				}
				pod = next
			}
			got := users.stop()
			t.Logf("Superset %s: %+v", name, got)
			if got.failed > 0 || got.requests < 500 {
				t.Errorf("%+v, want many requests and no failure; first: %s", got, users.first)
			}
		})
	}
}

// TestDrainedConnectionsAreNotReset: an answer is not lost although Superset gives it without
// reading the request, and the connection is closed then.
func TestDrainedConnectionsAreNotReset(t *testing.T) {
	for _, gunicorn := range []string{imageGunicorn, ""} {
		t.Run(cmp.Or(gunicorn, "newest"), func(t *testing.T) {
			j := job{release: v600, database: "sqlite:///" + filepath.Join(t.TempDir(), "bi.db")}
			pod := startWebPod(t, j, gunicorn)
			defer pod.end(t)
			writeFile(t, filepath.Join(pod.folder, "draining"), "")
			for range 10 {
				conn, err := net.DialTimeout("tcp", pod.address, 10*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				// As a client that reads the answer after it has sent all of its request.
				request := "POST /health HTTP/1.1\r\nHost: web\r\nContent-Length: 8000000\r\n\r\n" + strings.Repeat("x", 8000000)
				if _, err := io.WriteString(conn, request); err != nil {
					t.Fatal("sending: ", err)
				}
				response, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal("receiving: ", err)
				}
				if response.StatusCode != http.StatusMethodNotAllowed || !response.Close {
					t.Errorf("%s, closes the connection: %v", response.Status, response.Close)
				}
				_ = response.Body.Close()
				_ = conn.Close()
			}
		})
	}
}

// TestOwnGunicornConfiguration: the user's configuration of gunicorn stays in effect, and so
// does the drain.
func TestOwnGunicornConfiguration(t *testing.T) {
	const own = "def when_ready(server):\n    print('own when_ready', flush=True)\n\n\n" +
		"def pre_request(worker, req):\n    print('own pre_request', flush=True)\n"
	for name, c := range map[string]struct{ file, arguments string }{
		"a file":                {"own settings.py", "--threads 5 -c 'OWN/own settings.py'"},
		"a module":              {"own_settings.py", "--pythonpath OWN --config=python:own_settings"},
		"the working directory": {"gunicorn.conf.py", "--threads 5"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			writeFile(t, filepath.Join(folder, c.file), own)
			j := job{release: v600, database: "sqlite:///" + filepath.Join(t.TempDir(), "bi.db"), extra: []string{"PYTHONPATH=" + folder}}
			arguments := v1alpha1.EnvVar{Name: "GUNICORN_CMD_ARGS", Value: strings.ReplaceAll(c.arguments, "OWN", folder)}
			pod := startWebPod(t, j, "", arguments, v1alpha1.EnvVar{Name: "PWD", Value: folder})
			writeFile(t, filepath.Join(pod.folder, "draining"), "")
			response, err := http.Get("http://" + pod.address + "/health")
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			for _, words := range []string{"own when_ready", "own pre_request"} {
				if !strings.Contains(pod.log.String(), words) {
					t.Errorf("no %q in the log:\n%s", words, pod.log)
				}
			}
			if !response.Close {
				t.Error("the connection is kept")
			}
			pod.end(t)
		})
	}
}
