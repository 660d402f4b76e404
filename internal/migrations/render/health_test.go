// SPDX-License-Identifier: Apache-2.0

package render

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/golden"
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
	golden.Text(t, "health.yaml", golden.YAML(t, e.Deployment))
	r.Runtime.Cache = nil
	if e, err := HealthExporter(s, r, components.Platform{}); e != nil || err != nil {
		t.Errorf("with a release without a broker: %v, %v", e, err)
	}
}

// The files of the health exporter import nothing of the other scripts, and none of Superset.
func TestHealthFilesAreEnough(t *testing.T) {
	dir := t.TempDir()
	for name, text := range HealthFiles() {
		if text == "" {
			t.Errorf("%s is empty", name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?m)^\s*(?:from|import) (superset\w*)`).FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(dir, match[1]+".py")); HealthFiles()[match[1]+".py"] == "" {
				t.Errorf("%s imports %s: %v", name, match[1], err)
			}
		}
	}
	out, err := exec.Command("python3", "-B", "-c", "import sys; sys.path.insert(0, sys.argv[1]); import health", dir).CombinedOutput()
	if err != nil {
		t.Errorf("importing it: %v\n%s", err, out)
	}
}
