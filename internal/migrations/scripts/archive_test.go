// SPDX-License-Identifier: Apache-2.0

package scripts

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// What is packed is the same program on the same lines, without comments and docstrings.
func TestPackedIsTheSameProgram(t *testing.T) {
	const program = `import ast, json, sys
def parsed(text):
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False) is not None:
            node.body[0] = ast.Pass()
    return tree
def lines(tree):
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt) and hasattr(node, "lineno")]
for path, (whole, packed) in json.load(sys.stdin).items():
    whole, packed = parsed(whole), parsed(packed)
    if ast.dump(whole) != ast.dump(packed) or lines(whole) != lines(packed):
        sys.exit(f"{path} is another program")`
	texts := map[string][2]string{}
	for path, text := range sources {
		if strings.HasSuffix(path, ".py") {
			texts[path] = [2]string{text, packed(path, text)}
			if strings.Contains(texts[path][1], "SPDX") {
				t.Errorf("%s has comments", path)
			}
		}
	}
	given, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("python3", "-c", program)
	command.Stdin = bytes.NewReader(given)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// The archive finds the module that makes URLs of parts next to itself, wherever it runs.
func TestConnectionsAreNextToTheArchive(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{Program, superset.ConnectionsFile} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(Files[name]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const program = `import sys
sys.path.insert(0, sys.argv[1])
from superset_job.report import connections
parts = {"SUPERSET_OPERATOR_DATABASE_DRIVER": "postgresql", "DB_HOST": "db", "DB_PORT": "5432", "DB_NAME": "bi", "DB_USER": "me"}
sys.argv[0] = sys.argv[1] + "/superset_job/jobs/preflight.py" # as runpy sets it
connections.complete(parts)
print(parts["SUPERSET_DATABASE_URI"])`
	command := exec.Command("python3", "-c", program, filepath.Join(folder, Program))
	command.Dir = t.TempDir()
	if out, err := command.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "postgresql://me") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestHash(t *testing.T) {
	if got := components.HashFiles(files()); got != Hash {
		t.Errorf("the same files hash to %s, then to %s", Hash, got)
	}
}

// The archive has every file of the package, and takes less than half of them.
func TestArchive(t *testing.T) {
	r, err := zip.NewReader(strings.NewReader(Files[Program]), int64(len(Files[Program])))
	if err != nil {
		t.Fatal(err)
	}
	count, size := 0, 0
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || ext != ".py" && ext != ".json" || filepath.Dir(path) == "tests" {
			return err
		}
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		got, err := fs.ReadFile(r, filepath.ToSlash(path))
		if err != nil || string(got) != packed(path, string(want)) {
			t.Errorf("%s differs in the archive: %v", path, err)
		}
		count, size = count+1, size+len(want)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 50 || count != len(r.File) || len(Files[Program]) > size/2 {
		t.Errorf("%d files of %d bytes; %d files in %d bytes of the archive", count, size, len(r.File), len(Files[Program]))
	}
	t.Logf("%d files, %d bytes, %d bytes packed", count, size, len(Files[Program]))
}
