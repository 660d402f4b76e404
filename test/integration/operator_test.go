// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	shipped "github.com/superset-operator/superset-operator/test/operator"
)

// process is the process of the operator.
type process struct {
	binary, log, metrics string
	flags                []string
	command              *exec.Cmd
}

// newOperator builds the manager and starts it as the user that is bound to the
// shipped role.
func newOperator(ctx context.Context, dir string, tags ...string) (*process, error) {
	metrics, err := shipped.FreeAddress()
	if err != nil {
		return nil, err
	}
	p := &process{binary: filepath.Join(dir, "manager"), log: filepath.Join(dir, "manager.log"), metrics: metrics}
	if err := shipped.Build(ctx, p.binary, tags...); err != nil {
		return nil, err
	}
	p.flags, err = shipped.Flags(control, metrics)
	p.flags = append(p.flags, "-secrets-interval=1s")
	return p, err
}

func (p *process) start() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	p.command = exec.Command(p.binary, p.flags...)
	p.command.Stdout, p.command.Stderr = log, log
	if err := p.command.Start(); err != nil {
		return err
	}
	if err := shipped.Answers(context.Background(), p.metrics, func() error { return nil }); err != nil {
		raw, _ := os.ReadFile(p.log)
		return fmt.Errorf("%w\n%s", err, raw)
	}
	return nil
}

// kill kills it with SIGKILL, so that it cannot clean up.
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

// rss returns its resident memory in MiB.
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

// scrape reads the metrics by series.
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

// write is a successful request of the operator.
type write struct{ Verb, Resource, Subresource, Namespace, Name string }

func (w write) String() string {
	s := w.Verb + " " + w.Resource
	if w.Subresource != "" {
		s += "/" + w.Subresource
	}
	return s
}

// writes reads the operator's successful writes in a namespace from the audit
// log, in order. An empty namespace means all namespaces.
func writes(t *testing.T, namespace string) []write {
	t.Helper()
	var out []write
	for _, r := range requests(t, 0) {
		if r.Verb != "get" && r.Verb != "list" && r.Verb != "watch" && (namespace == "" || r.Namespace == namespace) {
			out = append(out, r)
		}
	}
	return out
}

// reads are the operator's reads since an offset of the audit log, without watches.
func reads(t *testing.T, offset int64) []string {
	t.Helper()
	var out []string
	for _, r := range requests(t, offset) {
		if r.Verb == "get" || r.Verb == "list" {
			out = append(out, r.String()+" "+r.Namespace+"/"+r.Name)
		}
	}
	return out
}

// auditSize is the offset of the next request in the audit log.
func auditSize(t *testing.T) int64 {
	t.Helper()
	info, err := os.Stat(control.AuditLog)
	must(t, err)
	return info.Size()
}

// requests are the operator's successful requests since an offset of the audit log, in order.
func requests(t *testing.T, offset int64) []write {
	t.Helper()
	f, err := os.Open(control.AuditLog)
	must(t, err)
	defer func() { _ = f.Close() }()
	_, err = f.Seek(offset, io.SeekStart)
	must(t, err)
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
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.User.Username != shipped.User || e.ObjectRef == nil || e.ResponseStatus.Code >= 400 {
			continue
		}
		e.ObjectRef.Verb = e.Verb
		out = append(out, *e.ObjectRef)
	}
	return out
}
