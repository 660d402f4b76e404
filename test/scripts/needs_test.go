// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine has the programs that the tests found on the machine, and shared paths.
var machine struct {
	python     string // a Python for all the releases
	uv         string // the installer
	postgresql string // the folder of PostgreSQL's programs
	pgbouncer  string // the pooler
	prometheus string // Prometheus
	cache      string // the folder of environments, kept from run to run
}

func TestMain(m *testing.M) {
	if err := prepare(); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	printFigures()
	os.Exit(code)
}

// prepare finds the programs that the tests need and reports all missing ones at
// once.
func prepare() error {
	var missing []string
	machine.python = firstProgram("python3.11", "python3.10")
	if machine.python == "" {
		missing = append(missing, "Python 3.11 or 3.10: apt-get install python3 python3-venv")
	}
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(folders) == 0 {
		missing = append(missing, "PostgreSQL: apt-get install postgresql")
	} else {
		machine.postgresql = folders[len(folders)-1]
	}
	if firstProgram("redis-server") == "" {
		missing = append(missing, "Redis: apt-get install redis-server")
	}
	if machine.pgbouncer = firstProgram("pgbouncer", "/usr/sbin/pgbouncer"); machine.pgbouncer == "" {
		missing = append(missing, "PgBouncer: apt-get install pgbouncer")
	}
	if machine.prometheus = firstProgram("prometheus"); machine.prometheus == "" {
		missing = append(missing, "Prometheus: apt-get install prometheus")
	}
	if len(missing) > 0 {
		return fmt.Errorf("these tests need:\n  %s", strings.Join(missing, "\n  "))
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return fmt.Errorf("finding the user's cache folder: %w", err)
	}
	machine.cache = filepath.Join(cache, "superset-operator", "environments")
	return installUV()
}

// installUV installs uv, which installs a release in a third of pip's time, next
// to the environments, unless the machine has it.
func installUV() error {
	if machine.uv = firstProgram("uv"); machine.uv != "" {
		return nil
	}
	folder := filepath.Join(machine.cache, "uv")
	machine.uv = filepath.Join(folder, "bin", "uv")
	unlock, err := lockFile(folder + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(machine.uv); err == nil {
		return nil
	}
	for _, arguments := range [][]string{
		{machine.python, "-m", "venv", folder},
		{filepath.Join(folder, "bin", "pip"), "install", "--quiet", "uv"},
	} {
		if out, err := exec.Command(arguments[0], arguments[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("installing uv (needs PyPI and Debian's python3-venv): %w\n%s", err, out)
		}
	}
	return nil
}

func firstProgram(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
