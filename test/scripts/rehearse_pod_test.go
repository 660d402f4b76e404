// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// rehearsing is one pod of a rehearsal: from a release to another one.
type rehearsing struct {
	from, to release
	database string
	path     string // of the database's image; "" = the machine's
	scratch  string // the file system of the copy; "" = a folder
	raw      string
	extra    []string
	target   []string // more environment variables for the target's image
}

// run runs the containers of the pod in order, like the kubelet, with the scratch
// database next to them. It returns the result and the whole output.
func (r rehearsing) run(t *testing.T) (result, string) {
	t.Helper()
	shared, scratch := t.TempDir(), r.scratch
	if scratch == "" {
		scratch = t.TempDir()
	}
	port := strconv.Itoa(freePort(t))
	environment := append([]string{superset.EnvSharedDir + "=" + shared, superset.EnvScratchDir + "=" + scratch,
		superset.EnvScratchPort + "=" + port, superset.EnvExcludeData + "=logs"}, r.extra...)
	if !strings.Contains(strings.Join(r.extra, " "), superset.EnvScratchURI) {
		r.runScratch(t, shared, scratch, environment)
	}
	prepare := job{release: r.to, script: "prepare", database: r.database, raw: r.raw, extra: environment}
	got, said := prepare.run(t)
	if got.Reason != "" {
		return got, said
	}
	handToServiceUser(t, filepath.Join(shared, "scratch.password"))
	said += r.copy(t, environment)
	// No other container gets the database's URI.
	for _, j := range []job{{release: r.to, script: "rehearse_upgrade"}, {release: r.from, script: "rehearse_serve"}, {release: r.to, script: "rehearse"}} {
		j.raw, j.extra = r.raw, environment
		if j.release == r.to {
			j.extra = append(slices.Clone(environment), r.target...)
		}
		one, log := j.run(t)
		got, said = one, said+log
		if got.Reason != "" {
			break
		}
	}
	return got, said
}

// runScratch runs scratch.sh until the test ends.
func (rehearsing) runScratch(t *testing.T, shared, scratch string, environment []string) {
	t.Helper()
	command := asServiceUser(t, scratch, "sh", filepath.Join(scriptsFolder(t), "scratch.sh"))
	command.Env = append([]string{"PATH=" + machine.postgresql + ":" + os.Getenv("PATH")}, environment...)
	handToServiceUser(t, shared)
	start(t, "scratch.sh", command, syscall.SIGINT)
}

// copy runs copy.sh, in an image without Superset and its Secrets.
func (r rehearsing) copy(t *testing.T, environment []string) string {
	t.Helper()
	path := r.path
	if path == "" {
		path = machine.postgresql + ":" + os.Getenv("PATH")
	}
	command := exec.Command("sh", filepath.Join(scriptsFolder(t), "copy.sh"))
	command.Env = append([]string{"PATH=" + path}, environment...)
	out, err := command.CombinedOutput()
	t.Logf("copy.sh:\n%s", out)
	if err != nil {
		t.Fatalf("copy.sh: %v", err)
	}
	if strings.Contains(string(out), databasePassword) {
		t.Error("copy.sh prints a secret")
	}
	return string(out)
}
