// SPDX-License-Identifier: Apache-2.0

//go:build prometheus

package integration

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// pictures writes the pictures of the dashboards, at a time at which a Superset was upgraded.
func (p *server) pictures(t *testing.T, folder string, f *fixture, at time.Time) {
	t.Helper()
	command := exec.Command("go", "run", "./pictures", "-prometheus", "http://"+p.address, "-namespace", f.ns,
		"-from", strconv.FormatInt(p.begun.Unix(), 10), "-to", strconv.FormatInt(at.Unix(), 10), folder)
	command.Dir = "../../hack/monitoring"
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// panels checks that each query of the dashboards returns data at some time of the test.
func (p *server) panels(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(monitoring, "dashboards", "*.json"))
	must(t, err)
	fill := strings.NewReplacer("$__rate_interval", "15s", "$__range", "5m", "$namespace", ".*", "$name", ".*", "$job", ".*")
	asked := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		must(t, err)
		var board struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		must(t, json.Unmarshal(content, &board))
		for _, panel := range board.Panels {
			for _, q := range panel.Targets {
				asked++
				got := p.during(t, fill.Replace(q.Expr), p.begun, time.Now(), "2s")
				if len(got) == 0 {
					t.Errorf("%s, panel %s returns nothing: %s", filepath.Base(file), panel.Title, q.Expr)
				}
			}
		}
	}
	if len(files) != 3 || asked < 50 {
		t.Errorf("%d queries of %d dashboards", asked, len(files))
	}
}
