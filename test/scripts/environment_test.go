// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// release is a version of Superset with the head revision of its migrations, as
// read from the real releases.
type release struct{ version, head string }

var (
	v414 = release{"4.1.4", "48cbb571fa3a"}
	v500 = release{"5.0.0", "74ad1125881c"}
	v600 = release{"6.0.0", "c233f5365c9e"}
	v610 = release{"6.1.0", "4b2a8c9d3e1f"}
)

// packages lists the packages for the release: without the bounds, each release
// resolves to current packages with which it does not run.
func (r release) packages() []string {
	packages := []string{
		"apache-superset==" + r.version, "psycopg2-binary", "PyMySQL", "redis", "gevent", "gunicorn",
		"marshmallow>=3,<4", "celery<5.6", "kombu<5.6", "flask-caching<2.4", "Pillow", "rich",
	}
	switch r {
	case v414:
		packages = append(packages, "sqlalchemy<2", "setuptools<81")
	case v500:
		packages = append(packages, "sqlalchemy<2")
	default:
		packages = append(packages, "cachetools")
	}
	return packages
}

// environment returns the folder of a virtual environment with the release, which
// is built on the first run on this machine.
func environment(t *testing.T, r release) string {
	t.Helper()
	packages := r.packages()
	slices.Sort(packages)
	key := sha256.Sum256([]byte(machine.python + "\n" + strings.Join(packages, "\n")))
	folder := filepath.Join(machine.cache, fmt.Sprintf("%s-%x", r.version, key[:6]))
	unlock := lock(t, folder+".lock")
	defer unlock()
	whole := filepath.Join(folder, "whole")
	if _, err := os.Stat(whole); err == nil {
		return folder
	}
	t.Logf("installing Superset %s and its packages (half a minute, up to 1 GB)", r.version)
	for _, arguments := range [][]string{
		{"venv", "--quiet", "--clear", "--python", machine.python, folder},
		append([]string{"pip", "install", "--quiet", "--compile-bytecode", "--python", filepath.Join(folder, "bin", "python")}, packages...),
	} {
		if out, err := exec.Command(machine.uv, arguments...).CombinedOutput(); err != nil {
			t.Fatalf("installing Superset %s: %v\n%s", r.version, err, out)
		}
	}
	writeFile(t, whole, strings.Join(packages, "\n"))
	return folder
}

// lock waits for the lock file and returns a function that releases it:
// concurrent test runs on one machine build an environment only once.
func lock(t *testing.T, file string) func() {
	t.Helper()
	unlock, err := lockFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return unlock
}

func lockFile(file string) (func(), error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, fmt.Errorf("making the cache folder: %w", err)
	}
	handle, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening a lock file: %w", err)
	}
	if err := syscall.Flock(int(handle.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("locking %s: %w", file, err)
	}
	return func() { _ = handle.Close() }, nil
}

func writeFile(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
