// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/migrations/scripts"
	"github.com/superset-operator/superset-operator/internal/superset"
)

const (
	secretKey   = "not-a-real-secret-key-0123456789"
	resultLimit = 4096
)

// job is one run of a script, as in a pod of that release.
type job struct {
	release  release
	script   string // a module of superset_job.jobs
	database string // URL
	cache    string // URL; "" = none
	raw      string // spec.config.raw
	statsd   string // host; "" = none
	extra    []string
}

// result is the termination message of a script.
type result struct {
	Script       string  `json:"script"`
	Reason       string  `json:"reason"`
	Message      string  `json:"message"`
	Database     string  `json:"database,omitempty"`
	Revision     string  `json:"revision,omitempty"`
	Head         string  `json:"head,omitempty"`
	PendingCount int     `json:"pendingCount,omitempty"`
	Checks       []check `json:"checks,omitempty"`
	Charts       string  `json:"charts,omitempty"`
	Locks        *locks  `json:"locks,omitempty"`
	Backup       *backup `json:"backup,omitempty"`
	// Packages are what was resolved; nil if nothing had to be.
	Packages *[]string `json:"packages,omitempty"`

	Init []v1alpha1.InitStep `json:"init,omitempty"`

	Rehearsal *rehearsal `json:"rehearsal,omitempty"`
	migrations.Facts
}

type rehearsal struct {
	Downgrade       string  `json:"downgrade"`
	DowngradeReason string  `json:"downgradeReason"`
	Rolling         string  `json:"rolling"`
	RollingReason   string  `json:"rollingReason"`
	MigrateSeconds  float64 `json:"migrateSeconds"`
	LockSeconds     float64 `json:"lockSeconds"`
	LockTables      int     `json:"lockTables"`
	CopySeconds     float64 `json:"copySeconds"`
	Bytes           int64   `json:"bytes"`

	Excluded []string `json:"excluded"`
}

type backup struct {
	Name     string   `json:"name"`
	Revision string   `json:"revision"`
	Bytes    int64    `json:"bytes"`
	SHA256   string   `json:"sha256"`
	TakenAt  string   `json:"takenAt"`
	Seconds  float64  `json:"seconds"`
	Kept     []string `json:"kept"`
}

type locks struct {
	Tries       int     `json:"tries"`
	WaitSeconds float64 `json:"waitSeconds"`
	HeldSeconds float64 `json:"heldSeconds"`
}

type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// running is a running job and the file of its result.
type running struct {
	*process
	job    job
	file   string
	began  time.Time
	secret []string
}

// run runs the job and returns its result and log.
func (j job) run(t *testing.T) (result, string) {
	t.Helper()
	return j.start(t).wait(t)
}

func (j job) start(t *testing.T) *running {
	t.Helper()
	folder := t.TempDir()
	r := &running{job: j, file: filepath.Join(folder, "result")}
	r.secret = []string{secretKey, databasePassword, userPassword, metricsToken, adminPassword}
	command := j.command(t, "python", program(t, scripts.Files), j.script)
	command.Env = append(command.Env, "SUPERSET_OPERATOR_RESULT_FILE="+r.file)
	r.began = time.Now()
	r.process = start(t, j.script, command, syscall.SIGKILL)
	return r
}

// program writes the archive of the Python and what is mounted next to it, and returns the
// path of the archive.
func program(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		writeFile(t, filepath.Join(folder, name), text)
	}
	return filepath.Join(folder, scripts.Program)
}

// scriptsFolder is the folder of the scripts.
func scriptsFolder(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join("..", "..", "internal", "migrations", "scripts"))
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// command returns a command in the release's environment, with the environment
// variables and configuration of a pod.
func (j job) command(t *testing.T, program string, arguments ...string) *exec.Cmd {
	t.Helper()
	folder := t.TempDir()
	text, err := superset.Render(superset.Config{Raw: j.raw, Cache: j.cache != "", Statsd: j.statsd != ""})
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(folder, superset.ConfigFile)
	writeFile(t, config, text)
	bin := filepath.Join(environment(t, j.release), "bin")
	command := exec.Command(filepath.Join(bin, program), arguments...)
	command.Dir = folder
	command.Env = []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + folder, "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1",
		"FLASK_APP=superset.app:create_app()", "SUPERSET_ENV=production",
		superset.EnvConfigPath + "=" + config, superset.EnvHome + "=" + folder,
		superset.EnvSecretKey + "=" + secretKey, superset.EnvDatabaseURI + "=" + j.database,
	}
	if j.cache != "" {
		command.Env = append(command.Env, superset.EnvCacheURL+"="+j.cache)
	}
	if j.statsd != "" {
		command.Env = append(command.Env, superset.EnvStatsdHost+"="+j.statsd)
	}
	command.Env = append(command.Env, j.extra...)
	return command
}

// wait returns the result once the script has ended, after the checks for every
// result: its size, its exit code, and that it contains no secret.
func (r *running) wait(t *testing.T) (result, string) {
	t.Helper()
	select {
	case <-r.done:
	case <-time.After(5 * time.Minute):
		t.Fatalf("%s did not end within 5 minutes:\n%s", r.job.script, r.log)
	}
	record(r)
	log := r.log.String()
	line, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatalf("%s left no result: %v\n%s", r.job.script, err, log)
	}
	var got result
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatalf("result %q: %v", line, err)
	}
	if len(line) > resultLimit {
		t.Errorf("the result has %d bytes, more than %d", len(line), resultLimit)
	}
	want := 0
	if got.Reason != "" {
		want = 1
	}
	if code := r.ProcessState.ExitCode(); code != want {
		t.Errorf("exit code %d with reason %q", code, got.Reason)
	}
	for _, secret := range r.secret {
		if strings.Contains(string(line)+log, secret) {
			t.Errorf("result or log of %s contains a secret:\n%s\n%s", r.job.script, line, log)
		}
	}
	return got, log
}

// expect fails the test unless the job ended with the reason and its message
// contains the words.
func (j job) expect(t *testing.T, reason string, words ...string) result {
	t.Helper()
	got, log := j.run(t)
	if got.Reason != reason {
		t.Fatalf("%s: reason %q (%s), want %q; log:\n%s", j.script, got.Reason, got.Message, reason, log)
	}
	for _, word := range words {
		if !strings.Contains(got.Message, word) {
			t.Errorf("message %q does not contain %q", got.Message, word)
		}
	}
	return got
}

// figures are the times and memory of the scripts, for the reader: no test
// depends on them.
var figures struct {
	sync.Mutex
	lines []string
}

func record(r *running) {
	usage, ok := r.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return
	}
	figures.Lock()
	defer figures.Unlock()
	figures.lines = append(figures.lines, fmt.Sprintf("%-9s %s  %5.1f s  %4d MB", r.job.script, r.job.release.version,
		time.Since(r.began).Seconds(), usage.Maxrss>>10))
}

func printFigures() {
	slices.Sort(figures.lines)
	fmt.Printf("script    release  wall  largest process\n%s\n", strings.Join(figures.lines, "\n"))
}
