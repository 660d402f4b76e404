// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// official are the official releases from 1.0.0 on, lowest first. 4.1.3 was withdrawn in favour of
// 4.1.3.post1. No earlier release is known: a database of one is older than any supported upgrade.
const official = `1.0.0 1.0.1 1.1.0 1.2.0 1.3.0 1.3.1 1.3.2 1.4.0 1.4.1 1.4.2 1.5.0 1.5.1 1.5.2 1.5.3
2.0.0 2.0.1 2.1.0 2.1.1 2.1.2 2.1.3 3.0.0 3.0.1 3.0.2 3.0.3 3.0.4 3.1.0 3.1.1 3.1.2 3.1.3
4.0.0 4.0.1 4.0.2 4.1.0 4.1.1 4.1.2 4.1.3.post1 4.1.4 5.0.0 6.0.0 6.1.0`

// headOf prints the head of the migration scripts in an archive of a release.
const headOf = `import pathlib, re, sys, tarfile, tempfile, zipfile
from superset_job.revisions.graph import read_graph
script = re.compile(r"(^|/)superset/migrations/versions/([^/]+\.py)$")
archive, = (path for path in pathlib.Path(sys.argv[1]).iterdir())
if archive.suffix == ".whl":
    opened = zipfile.ZipFile(archive)
    files = ((name, opened.read(name)) for name in opened.namelist() if script.search(name))
else:
    files = ((member.name, opened.extractfile(member).read()) for opened in [tarfile.open(archive)] for member in opened if script.search(member.name))
with tempfile.TemporaryDirectory() as folder:
    for name, content in files:
        pathlib.Path(folder, script.search(name)[2]).write_bytes(content)
    print(read_graph(pathlib.Path(folder)).head)
`

// TestHeads derives internal/lifecycle/state/heads.txt from the releases in the package index: 2 GB,
// a few minutes. Without -update it compares those that the other tests install.
func TestHeads(t *testing.T) {
	file := filepath.Join("..", "..", "internal", "lifecycle", "state", "heads.txt")
	if !*update {
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []release{v500, v600, v610} {
			if !strings.Contains(string(kept), r.head+" "+r.version+"\n") {
				t.Errorf("%s is not the head of %s in heads.txt", r.head, r.version)
			}
		}
		return
	}
	var lines strings.Builder
	seen := map[string]bool{}
	for _, version := range strings.Fields(official) {
		head := headOfRelease(t, version)
		t.Logf("%s: %s", version, head)
		if !seen[head] {
			lines.WriteString(head + " " + version + "\n")
		}
		seen[head] = true
	}
	writeFile(t, file, lines.String())
}

// headOfRelease downloads a release and reads the head of its migration scripts.
func headOfRelease(t *testing.T, version string) string {
	t.Helper()
	folder := t.TempDir()
	pip := filepath.Join(filepath.Dir(machine.uv), "pip")
	download := func(kind string) ([]byte, error) {
		return exec.Command(pip, "download", "--quiet", "--no-cache-dir", "--no-deps", "--ignore-requires-python", kind+"=:all:",
			"--dest", folder, "apache-superset=="+version).CombinedOutput()
	}
	if _, err := download("--only-binary"); err != nil { // not every release has a wheel
		if out, err := download("--no-binary"); err != nil {
			t.Fatalf("downloading Superset %s: %v\n%s", version, err, out)
		}
	}
	command := exec.Command(machine.python, "-c", headOf, folder)
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH="+scriptsFolder(t))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("reading the migrations of Superset %s: %v\n%s", version, err, out)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
