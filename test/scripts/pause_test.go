// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// pause stops a migration midway, like a script that is busy in Python for a long
// time: no script of a real release takes long on an empty database.
type pause struct {
	raw  string // spec.config.raw for it
	file string
}

// pauseBefore pauses between a revision's last statement and its record in
// alembic_version.
func pauseBefore(t *testing.T, revision string) pause {
	t.Helper()
	file := filepath.Join(t.TempDir(), "resume")
	return pause{file: file, raw: fmt.Sprintf(`
import pathlib, time
from sqlalchemy import event
from sqlalchemy.engine import Engine

@event.listens_for(Engine, "before_cursor_execute")
def pause(connection, cursor, statement, *others):
    if statement.startswith("UPDATE alembic_version SET version_num='%s'"):
        print("paused by the test", flush=True)
        for _ in range(1800):
            if pathlib.Path(%q).exists():
                break
            time.sleep(0.1)
`, revision, file)}
}

// paused is true once the migration pauses.
func paused(r *running) func() bool {
	return func() bool { return strings.Contains(r.log.String(), "paused by the test") }
}

func (p pause) resume(t *testing.T) {
	t.Helper()
	writeFile(t, p.file, "")
}
