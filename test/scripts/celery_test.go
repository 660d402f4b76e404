// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"strings"
	"testing"
)

// TestCeleryDefaults compares when a task is taken from the queue, and which modules of tasks are
// imported, with Superset's own defaults, which the release has in its config.py.
func TestCeleryDefaults(t *testing.T) {
	const program = `
import ast, importlib.util, pathlib
tree = ast.parse(pathlib.Path(importlib.util.find_spec("superset").origin).with_name("config.py").read_bytes())
own = {node.targets[0].id: ast.literal_eval(node.value) for part in tree.body if isinstance(part, ast.ClassDef) and part.name == "CeleryConfig"
       for node in part.body if isinstance(node, ast.Assign) and node.targets[0].id in ("task_acks_late", "imports")}
from superset.tasks.celery_app import app
print("same imports:", own["imports"] == tuple(app.conf.imports))
print("late:", own["task_acks_late"], app.conf.task_acks_late)
`
	for _, r := range []release{v414, v500, v600, v610} {
		out, err := job{release: r, database: "sqlite://", cache: startRedis(t)}.command(t, "python", "-c", program).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "same imports: True\nlate: False False") {
			t.Errorf("%s: %v\n%s", r.version, err, out)
		}
	}
}
