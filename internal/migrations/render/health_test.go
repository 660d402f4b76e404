// SPDX-License-Identifier: Apache-2.0

package render

import (
	"archive/zip"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/golden"
	"github.com/superset-operator/superset-operator/internal/migrations/scripts"
)

func TestGoldenHealthExporter(t *testing.T) {
	s, r := read(t, "full")
	if e, err := HealthExporter(s, r, components.Platform{}); e != nil || err != nil {
		t.Errorf("without spec.monitoring: %v, %v", e, err)
	}
	s.Spec.Monitoring = &v1alpha1.MonitoringSpec{HealthExporter: &v1alpha1.HealthExporterSpec{}}
	e, err := HealthExporter(s, r, components.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	golden.Text(t, "health.yaml", strings.ReplaceAll(golden.YAML(t, e.Deployment), components.HashFiles(HealthFiles), "<hash of its files>"))
	r.Runtime.Cache = nil
	if e, err := HealthExporter(s, r, components.Platform{}); e != nil || err != nil {
		t.Errorf("with a release without a broker: %v, %v", e, err)
	}
}

// The files of the health exporter import nothing of the other scripts, and none of Superset.
func TestHealthFilesAreEnough(t *testing.T) {
	program := filepath.Join(t.TempDir(), scripts.Program)
	if err := os.WriteFile(program, []byte(HealthFiles[scripts.Program]), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := zip.OpenReader(program)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	for _, file := range r.File {
		text, err := fs.ReadFile(r, file.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?m)^\s*(?:from|import) (superset[\w.]*)`).FindAllStringSubmatch(string(text), -1) {
			path := strings.ReplaceAll(match[1], ".", "/")
			if _, err := fs.Stat(r, path+".py"); err != nil {
				if _, err := fs.Stat(r, path+"/__init__.py"); err != nil {
					t.Errorf("%s imports %s, which is not in the archive", file.Name, match[1])
				}
			}
		}
	}
	out, err := exec.Command("python3", "-B", "-c", "import sys; sys.path.insert(0, sys.argv[1]); import superset_job.jobs.health", program).CombinedOutput()
	if err != nil {
		t.Errorf("importing it: %v\n%s", err, out)
	}
}
