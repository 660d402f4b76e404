// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReusedPID(t *testing.T) {
	path := filepath.Join(t.TempDir(), "self")
	written, err := writePIDFile(path, os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	read, err := readPIDFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if read != written || !read.alive() {
		t.Errorf("read %+v, wrote %+v, alive %t", read, written, read.alive())
	}
	read.begun = "1" // the number was reused by a process that began later
	if read.alive() {
		t.Error("a recycled process id counts as alive")
	}
}

func TestVersionFlags(t *testing.T) {
	flags, err := versionFlags([]byte("require (\n\tk8s.io/kubernetes v1.36.3 // indirect\n)\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"-X k8s.io/component-base/version.gitVersion=v1.36.3", "-X k8s.io/client-go/pkg/version.gitMinor=36",
	} {
		if !strings.Contains(flags, want) {
			t.Errorf("%q does not contain %q", flags, want)
		}
	}
	if _, err := versionFlags([]byte("module x\n")); err == nil {
		t.Error("no error for a go.mod without Kubernetes")
	}
}

// listener is a progress writer that signals when it has received a text.
type listener struct {
	text  string
	once  sync.Once
	heard chan struct{}
}

func (l *listener) Write(line []byte) (int, error) {
	if strings.Contains(string(line), l.text) {
		l.once.Do(func() { close(l.heard) })
	}
	return len(line), nil
}

func TestReport(t *testing.T) {
	lines := make(chan string)
	progress := &listener{text: "1 modules downloaded, 1 packages compiled; now k8s.io/api/core/v1", heard: make(chan struct{})}
	go func() {
		defer close(lines)
		for _, line := range []string{"go: downloading k8s.io/kubernetes v1.36.3", "k8s.io/api/core/v1", "# k8s.io/x", "x.go:1:2: undefined: y"} {
			lines <- line
		}
		<-progress.heard
	}()
	others := report(progress, lines, time.Millisecond)
	if diff := cmp.Diff([]string{"# k8s.io/x", "x.go:1:2: undefined: y"}, others); diff != "" {
		t.Error(diff)
	}
}

func TestPortsDiffer(t *testing.T) {
	p, err := freePorts(loopback)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, port := range []string{p.etcd, p.etcdPeer, p.apiserver, p.controllerManager, p.scheduler, p.kwok} {
		if port == "" || seen[port] {
			t.Errorf("port %q is missing or used twice: %+v", port, p)
		}
		seen[port] = true
	}
}

func TestExplain(t *testing.T) {
	err := explain(errors.New("exit status 1"), []string{`go: example.invalid/x@v1: git init: exec: "git": executable file not found in $PATH`})
	if !strings.Contains(err.Error(), "apt-get install git") {
		t.Errorf("got %v", err)
	}
}
