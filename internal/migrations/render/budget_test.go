// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// TestResultsFit: the kubelet divides 12 KiB among all containers of a pod, and three more may
// be injected. This holds with the user's init containers, too.
func TestResultsFit(t *testing.T) {
	for _, extra := range []int{0, 3, 12} {
		for _, script := range migrations.Scripts {
			t.Run(fmt.Sprintf("%s with %d more", script, extra), func(t *testing.T) { resultsFit(t, script, extra) })
		}
	}
}

func resultsFit(t *testing.T, script migrations.Script, extra int) {
	s, r := read(t, "plain")
	patch := `{"spec":{"containers":[{"name":"superset","env":[{"name":"` + superset.EnvResultBytes + `","value":"99999"}]}],"initContainers":[`
	for i := range extra {
		if i > 0 {
			patch += ","
		}
		patch += fmt.Sprintf(`{"name":"extra-%d","image":"busybox"}`, i)
	}
	r.Jobs.PodTemplate = &runtime.RawExtension{Raw: []byte(patch + "]}}")}
	job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r, Backup: "r1", Database: "postgresql"})
	if err != nil {
		t.Fatal(err)
	}
	pod := job.Spec.Template.Spec
	containers := slices.Concat(pod.InitContainers, pod.Containers)
	reporting := 0
	for _, c := range containers {
		limit := resultBytes(t, c)
		if limit == 0 {
			continue
		}
		reporting++
		if total := limit * (len(containers) + 3); limit > 4096 || total > 12<<10 || limit < 4096 && total <= 12<<10-len(containers)-3 {
			t.Errorf("%s: %d bytes, with %d containers", c.Name, limit, len(containers))
		}
		if limit < 512 {
			t.Errorf("%s: %d bytes are too few for a result", c.Name, limit)
		}
	}
	if want := map[migrations.Script]int{migrations.BackupCheck: 2, migrations.Backup: 2, migrations.RestoreCheck: 2, migrations.Restore: 2, migrations.Rehearse: 4}[script]; reporting != max(want, 1) {
		t.Errorf("%d containers have a limit, want %d", reporting, max(want, 1))
	}
}

// resultBytes is a container's limit; 0 if it has none.
func resultBytes(t *testing.T, c corev1.Container) int {
	t.Helper()
	limits := []int{0}
	for _, e := range c.Env {
		if e.Name == superset.EnvResultBytes {
			limit, err := strconv.Atoi(e.Value)
			if err != nil {
				t.Error(err)
			}
			limits = append(limits, limit)
		}
	}
	if len(limits) > 2 {
		t.Errorf("%s has %d limits", c.Name, len(limits)-1)
	}
	return limits[len(limits)-1]
}
