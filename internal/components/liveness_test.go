// SPDX-License-Identifier: Apache-2.0

package components

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// The liveness probe of a worker fails only if the worker takes no tasks although Redis answers.
// test/scripts runs it with real workers.
func TestWorkerLiveness(t *testing.T) {
	const answers, refuses = "pass", "raise OSError"
	for name, c := range map[string]struct {
		age    time.Duration // 0 for no file
		redis  string
		passes bool
	}{
		"no report":                   {0, answers, true},
		"takes tasks":                 {6 * time.Second, answers, true},
		"takes none":                  {5 * time.Minute, answers, false},
		"takes none, no Redis either": {5 * time.Minute, refuses, true},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			module := "class from_url:\n    def __init__(self, url, **_): assert url == 'rediss://h/1?ssl_cert_reqs=none&a=b', url\n    def ping(self): " + c.redis + "\n"
			if err := os.WriteFile(filepath.Join(folder, "redis.py"), []byte(module), 0o644); err != nil {
				t.Fatal(err)
			}
			mark := filepath.Join(folder, "mark")
			if c.age > 0 {
				if err := os.WriteFile(mark, nil, 0o644); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(mark, time.Now(), time.Now().Add(-c.age)); err != nil {
					t.Fatal(err)
				}
			}
			command := Describe(Worker).Liveness.Exec.Command
			probe := osexec.Command(command[0], command[1], strings.ReplaceAll(strings.ReplaceAll(command[2], superset.WorkerFile, mark), "exec python ", "exec python3 "))
			probe.Env = append(os.Environ(), "PYTHONPATH="+folder, "PYTHONDONTWRITEBYTECODE=1", superset.EnvCacheURL+"=rediss://h/1?ssl_cert_reqs=CERT_NONE&a=b")
			if out, err := probe.CombinedOutput(); (err == nil) != c.passes {
				t.Errorf("passes: %v, want %v: %s", err == nil, c.passes, out)
			}
		})
	}
}
