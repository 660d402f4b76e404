// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// vault is the folder for the backups of one Superset, with the programs that its
// pods use.
type vault struct {
	folder string
	path   string // of the database's image; "" = the machine's
	// between runs before the second container, with the shared folder.
	between func(shared string)
	// command replaces dump.sh or load.sh, like a user's own command; "" = none.
	command string
}

func newVault(t *testing.T) *vault {
	t.Helper()
	return &vault{folder: filepath.Join(t.TempDir(), "backups", "default.bi-1a2b3")}
}

func (v *vault) dump(name string) string { return filepath.Join(v.folder, name, "dump") }

// backup runs the pod of a backup.
func (v *vault) backup(t *testing.T, j job, name string, extra ...string) result {
	t.Helper()
	return v.run(t, j, "dump.sh", "backup", append(extra, superset.EnvBackup+"="+name))
}

// restore runs the pod of a restore.
func (v *vault) restore(t *testing.T, j job, name string, extra ...string) result {
	t.Helper()
	return v.run(t, j, "load.sh", "restore", append(extra, superset.EnvBackup+"="+name, superset.EnvRestore+"=1"))
}

// run runs the containers of a pod in order, like the kubelet: the second in an
// image without Superset, its Secrets and its Python.
func (v *vault) run(t *testing.T, j job, program, report string, extra []string) result {
	t.Helper()
	shared := t.TempDir()
	environment := append([]string{superset.EnvBackupDir + "=" + v.folder, superset.EnvSharedDir + "=" + shared}, extra...)
	j.extra = append(environment, j.extra...)
	j.script = "prepare"
	if got, _ := j.run(t); got.Reason != "" {
		return got
	}
	path := v.path
	if path == "" {
		path = os.Getenv("PATH")
	}
	if v.between != nil {
		v.between(shared)
	}
	command := exec.Command("sh", filepath.Join(scriptsFolder(t), program))
	if v.command != "" {
		command = exec.Command("sh", "-euc", v.command)
	}
	command.Env = append([]string{"PATH=" + path}, environment...)
	out, err := command.CombinedOutput()
	t.Logf("%s %s:\n%s", program, strings.Join(extra, " "), out)
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	for _, secret := range []string{secretKey, databasePassword} {
		if strings.Contains(string(out), secret) {
			t.Errorf("%s contains a secret", program)
		}
	}
	j.script = report
	got, _ := j.run(t)
	return got
}

// want fails the test unless the result has the reason and its message contains
// the words.
func want(t *testing.T, got result, reason string, words ...string) {
	t.Helper()
	if got.Reason != reason {
		t.Fatalf("%s: reason %q (%s), want %q", got.Script, got.Reason, got.Message, reason)
	}
	for _, word := range words {
		if !strings.Contains(got.Message, word) {
			t.Errorf("message %q does not contain %q", got.Message, word)
		}
	}
}

// names lists the folder of the backups.
func (v *vault) names(t *testing.T) string {
	t.Helper()
	entries, err := os.ReadDir(v.folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return fmt.Sprint(names)
}
