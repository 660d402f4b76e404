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

// headOf replaces an archive of a release by its migrations, and prints their head.
const headOf = `import pathlib, re, sys, tarfile, zipfile
from superset_job.revisions.graph import read_graph
script = re.compile(r"(?:^|/)(superset/migrations/.+\.py)$")
folder = pathlib.Path(sys.argv[1])
archive, = folder.iterdir()
if archive.suffix == ".whl":
    opened = zipfile.ZipFile(archive)
    files = ((name, opened.read(name)) for name in opened.namelist() if script.search(name))
else:
    files = ((member.name, opened.extractfile(member).read()) for opened in [tarfile.open(archive)] for member in opened if script.search(member.name))
for name, content in files:
    file = folder / script.search(name)[1]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
archive.unlink()
print(read_graph(folder / "superset" / "migrations" / "versions").head)
`

// firstTarget is the first release that the operator can upgrade to: the scripts of older ones run
// in no Job.
const firstTarget = "4.1.0"

// TestHeads derives internal/lifecycle/state/heads.txt from the releases in the package index, and
// the table of what their revisions change: 2 GB, a few minutes. Without -update it compares those
// that the other tests install.
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
	var targets []string
	for _, version := range strings.Fields(official) {
		folder := t.TempDir()
		head := headOfRelease(t, version, folder)
		t.Logf("%s: %s", version, head)
		if !seen[head] {
			lines.WriteString(head + " " + version + "\n")
		}
		seen[head] = true
		if version == firstTarget || len(targets) > 0 {
			targets = append(targets, folder)
		}
	}
	writeFile(t, file, lines.String())
	writeTable(t, targets)
}

// writeTable interprets the migrations of releases, each in a folder.
func writeTable(t *testing.T, folders []string) {
	t.Helper()
	tool, table := filepath.Join("..", "..", "hack", "revisions", "write.py"), filepath.Join(scriptsFolder(t), "superset_job", "revisions", "known.json")
	command := exec.Command(machine.python, append([]string{tool, table}, folders...)...)
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH="+scriptsFolder(t))
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("writing the table of revisions: %v\n%s", err, out)
	}
}

// headOfRelease downloads the migrations of a release to a folder, and reads their head.
func headOfRelease(t *testing.T, version, folder string) string {
	t.Helper()
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
	return strings.TrimSpace(string(out))
}
