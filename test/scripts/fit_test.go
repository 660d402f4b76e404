// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/migrations/render"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// worst is a result with everything that a script may report, in characters of three bytes.
func worst(reason string) map[string]any {
	text := strings.Repeat("語", 600)
	many := slices.Repeat([]string{text[:3*60]}, 64)
	checks := make([]any, 0, 14)
	for i := range 14 {
		checks = append(checks, map[string]any{"name": fmt.Sprintf("Query/a-long-name-of-a-check-%02d", i), "ok": i%2 == 0, "detail": text})
	}
	session := map[string]any{"name": text[:3*64], "count": 12345}
	return map[string]any{
		"script": "inspect", "reason": reason, "message": text, "database": "postgresql", "revision": "0123456789ab", "head": "0123456789ab",
		"pending": slices.Repeat([]string{"0123456789ab"}, 300), "path": map[string]any{"additive": 1, "secondConnection": slices.Repeat([]string{"0123456789ab"}, 64)},
		"checks": checks, "charts": strings.TrimSuffix(strings.Repeat("123456:0a1b2c3d:5000,", 20), ","),
		"locks":     map[string]any{"tries": 1, "waitSeconds": 1.5, "heldSeconds": 2.5},
		"backup":    map[string]any{"name": "r7", "bytes": 1 << 40, "sha256": strings.Repeat("0a", 32), "kept": slices.Repeat([]string{"r1234567"}, 64)},
		"rehearsal": map[string]any{"downgrade": "Refused", "downgradeReason": text, "rolling": "Refused", "rollingReason": text, "excluded": many},
		"facts": map[string]any{"tables": true, "tablesIn": text[:3*21], "identity": "postgresql/7301234567890123456/16384/superset",
			"sessions": slices.Repeat([]any{session}, 8), "workers": many[:8], "workerCount": 123, "beat": text[:3*128], "package": "6.0.0rc1",
			"versionNote": text[:3*128], "unknownSettings": many[:16], "backupNote": text[:3*128], "drops": strings.Repeat("0a", 8)},
	}
}

// encoded is the line of a result with that limit.
func encoded(t *testing.T, limit int, result map[string]any) string {
	t.Helper()
	line, _ := evaluate(t, "(setattr(report, 'RESULT_BYTES', given[0]), report.Result(**given[1]).encode(lambda t: t).decode())[1]",
		limit, result).(string)
	if len(line) > limit {
		t.Errorf("%d bytes, want at most %d", len(line), limit)
	}
	return line
}

// TestResultFits: whatever a script reports, its result is valid JSON within the limit, Go knows
// every field, and what matters most is there.
func TestResultFits(t *testing.T) {
	for _, limit := range []int{4096, 3072, 2048, 1365, 1024, 512, 128} {
		for _, reason := range []string{"", "DatabaseUnreachable"} {
			line := encoded(t, limit, worst(reason))
			got := decoded(t, line)
			if got.Script != "inspect" || string(got.Reason) != reason {
				t.Errorf("%d bytes: %s", limit, line)
			}
			if limit >= 1024 && !matters(got) {
				t.Errorf("%d bytes: %s", limit, line)
			}
		}
	}
	small := worst("")
	for _, key := range []string{"path", "checks", "charts", "backup", "rehearsal", "facts"} {
		delete(small, key)
	}
	if line := encoded(t, 4096, small); strings.Count(line, "語") != 511 {
		t.Errorf("a result that fits is changed: %s", line)
	}
}

// decoded is a result as the operator reads it. Go knows every field.
func decoded(t *testing.T, line string) (r migrations.Result) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		t.Fatalf("%d bytes: %v\n%s", len(line), err, line)
	}
	return r
}

// matters is true for a result with what the plan of an upgrade depends on.
func matters(r migrations.Result) bool {
	return len([]rune(r.Message)) >= 80 && r.Identity != "" && r.Tables && r.PendingCount == 300 && r.Head != "" &&
		r.Backup != nil && len(r.Backup.Kept) > 0 && r.Path != nil && len(r.Path.SecondConnection) > 0 &&
		r.Rehearsal != nil && r.Rehearsal.Downgrade == v1alpha1.FindingRefused
}

// TestPackagesFit: all packages are in the result, because every pod installs them. In a pod of up
// to six containers what matters is there as well.
func TestPackagesFit(t *testing.T) {
	many := worst("")
	many["packages"] = slices.Repeat([]string{"a-long-name==1.2.3"}, 42) // 797 characters, and 800 are the most
	for _, limit := range []int{4096, 3072, 2048, 1365, 1024} {
		line := encoded(t, limit, many)
		got := decoded(t, line)
		if got.Packages == nil || len(*got.Packages) != 42 || limit >= 2048 && !matters(got) {
			t.Errorf("%d bytes: %s", limit, line)
		}
	}
}

// TestFailedChecksAreKept: details of passed checks are left out before those of failed ones.
func TestFailedChecksAreKept(t *testing.T) {
	full := worst("CheckFailed")
	for _, key := range []string{"path", "charts", "backup", "rehearsal", "facts"} {
		delete(full, key)
	}
	var got migrations.Result
	if err := json.Unmarshal([]byte(encoded(t, 4096, full)), &got); err != nil {
		t.Fatal(err)
	}
	var passed, failed int
	for _, check := range got.Checks {
		if check.OK {
			passed += len(check.Detail)
		} else if check.Detail != "" {
			failed++
		}
	}
	if len(got.Checks) != 14 || passed != 0 || failed == 0 {
		t.Errorf("%d checks, %d bytes of details of passed ones, %d failed ones with details", len(got.Checks), passed, failed)
	}
}

// TestResultsOfAJobFit: with three init containers of the user and three injected containers, the
// largest results of all containers of a Job together are within what the kubelet keeps.
func TestResultsOfAJobFit(t *testing.T) {
	s := &v1alpha1.Superset{}
	text, err := os.ReadFile(filepath.Join("..", "..", "internal", "components", "testdata", "plain.superset.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, s); err != nil {
		t.Fatal(err)
	}
	release, err := components.ReleaseOf(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	release.Jobs.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"spec":{"initContainers":[
		{"name":"one","image":"busybox"},{"name":"two","image":"busybox"},{"name":"three","image":"busybox"}]}}`)}
	for _, script := range migrations.Scripts {
		rendered, err := render.Job(s, render.Order{Script: script, Fence: 1, Attempt: 1, Release: release, Backup: "r1", Database: "postgresql"})
		if err != nil {
			t.Fatal(err)
		}
		pod := rendered.Spec.Template.Spec
		containers := slices.Concat(pod.InitContainers, pod.Containers)
		kept := 12 << 10 / (len(containers) + 3)
		for _, c := range containers {
			i := slices.IndexFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == superset.EnvResultBytes })
			if i < 0 {
				continue
			}
			limit, err := strconv.Atoi(c.Env[i].Value)
			if err != nil {
				t.Fatal(err)
			}
			line := encoded(t, limit, worst("BackupFailed"))
			if len(line) > kept || !json.Valid(bytes.TrimSpace([]byte(line))) {
				t.Errorf("%s, %s: %d bytes of %d: %s", script, c.Name, len(line), kept, line)
			}
		}
	}
}
