// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// process is the operator's.
type process struct {
	binary, kubeconfig, log, metrics string
	command                          *exec.Cmd
}

// newOperator builds the manager and starts it as the user of the shipped role.
func newOperator(dir string) (*process, error) {
	metrics, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p := &process{binary: filepath.Join(dir, "manager"), log: filepath.Join(dir, "manager.log"), metrics: metrics}
	if out, err := exec.Command("go", "build", "-o", p.binary, "../../cmd/manager").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the manager: %w\n%s", err, out)
	}
	if p.kubeconfig, err = control.KubeconfigFor(operatorUser, "system:serviceaccounts", "system:authenticated"); err != nil {
		return nil, err
	}
	return p, p.start()
}

// freeAddress is one on loopback that nobody listens on now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (p *process) start() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	p.command = exec.Command(p.binary, "-metrics-secure=false", "-metrics-bind-address="+p.metrics, "-health-probe-bind-address=0",
		"-zap-devel", "-kubeconfig="+p.kubeconfig)
	p.command.Stdout, p.command.Stderr = log, log
	if err := p.command.Start(); err != nil {
		return err
	}
	for range 200 {
		if response, err := http.Get("http://" + p.metrics + "/metrics"); err == nil {
			return response.Body.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	raw, err := os.ReadFile(p.log)
	return fmt.Errorf("the operator does not answer: %w\n%s", err, raw)
}

// kill ends it without a chance to tidy up.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

// restart kills it and starts it again.
func (p *process) restart(t *testing.T) {
	t.Helper()
	p.kill()
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
}

// rss is its resident memory in MiB.
func (p *process) rss(t *testing.T) int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib / 1024
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// scrape reads the metrics, a line each, by name and labels.
func (p *process) scrape(t *testing.T) map[string]string {
	t.Helper()
	response, err := http.Get("http://" + p.metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	out := map[string]string{}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if name, value, ok := cutLast(lines.Text(), " "); ok && !strings.HasPrefix(name, "#") {
			out[name] = value
		}
	}
	return out
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// write is one request of the operator that changed something.
type write struct{ Verb, Resource, Subresource, Namespace, Name string }

func (w write) String() string {
	s := w.Verb + " " + w.Resource
	if w.Subresource != "" {
		s += "/" + w.Subresource
	}
	return s
}

// writes reads the operator's successful writes in a namespace from the audit
// log, in order. An empty namespace means all.
func writes(t *testing.T, namespace string) []write {
	t.Helper()
	f, err := os.Open(control.AuditLog)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []write
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e struct {
			Verb           string
			User           struct{ Username string }
			ObjectRef      *write
			ResponseStatus struct{ Code int }
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.User.Username != operatorUser || e.ObjectRef == nil {
			continue
		}
		reads := map[string]bool{"get": true, "list": true, "watch": true}
		if reads[e.Verb] || e.ResponseStatus.Code >= 400 || namespace != "" && e.ObjectRef.Namespace != namespace {
			continue
		}
		e.ObjectRef.Verb = e.Verb
		out = append(out, *e.ObjectRef)
	}
	return out
}
