// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// The metrics of an install, an upgrade and a deletion. Not parallel: counters
// are per operator, not per Superset.
func TestMetrics(t *testing.T) {
	f := newFixture(t)
	before := operator.scrape(t)
	f.install("5.0.0")
	f.stateIs("Ready", "5.0.0", "5.0.0", 1)
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	f.stateIs("Ready", "6.0.0", "6.0.0", 1)
	eventually(t, "the metrics show one scheduler, and pods of the new version only", func() bool {
		pods, ready := f.series("superset_operator_tier_pods{"), f.series("superset_operator_tier_ready_pods{")
		return len(pods) == 3 && len(ready) == 3 &&
			pods[fmt.Sprintf(`superset_operator_tier_pods{name="bi",namespace=%q,tier="scheduler",version="6.0.0"}`, f.ns)] == "1" &&
			ready[fmt.Sprintf(`superset_operator_tier_ready_pods{name="bi",namespace=%q,tier="web",version="6.0.0"}`, f.ns)] != "0"
	})
	if got := f.series("superset_operator_upgrade_checks{"); len(got) != 2 {
		t.Errorf("upgrade_checks: %v, want a series for each result", got)
	}
	after := operator.scrape(t)
	grew := func(series string) float64 { return number(t, after[series]) - number(t, before[series]) }
	for series, want := range map[string]float64{
		`superset_operator_upgrades_total{kind="Install",result="Succeeded"}`: 1,
		`superset_operator_upgrades_total{kind="Upgrade",result="Succeeded"}`: 1,
		`superset_operator_upgrades_total{kind="Upgrade",result="Failed"}`:    0,
	} {
		if got := grew(series); got != want {
			t.Errorf("%s grew by %v, want %v", series, got, want)
		}
	}
	for _, phase := range forward[:6] {
		for _, times := range []string{"working", "waiting"} {
			if got := grew(fmt.Sprintf(`superset_operator_upgrade_phase_%s_seconds_count{phase=%q}`, times, phase)); got != 2 {
				t.Errorf("%s was observed %v times in %s, want 2", phase, got, times)
			}
		}
	}
	for _, script := range []string{"preflight", "migrate", "verify"} {
		if got := grew(fmt.Sprintf(`superset_operator_job_attempts_total{reason="Succeeded",script=%q}`, script)); got != 2 {
			t.Errorf("%v attempts of %s have succeeded, want 2", got, script)
		}
	}
	f.edit(version("7.0.0"))
	f.phase(v1alpha1.PhaseFailed)
	f.stateIs("Failed", "6.0.0", "7.0.0", 0)
	if got := f.series("superset_operator_action_required{"); len(got) != 1 {
		t.Errorf("action_required: %v, want one series", got)
	} else {
		for series := range got {
			contains(t, series, `reason="UnsupportedVersion"`)
		}
	}
	if got := f.series("superset_operator_upgrade_failed{"); len(got) != 1 {
		t.Errorf("upgrade_failed: %v, want one series", got)
	} else {
		for series := range got {
			contains(t, series, `phase="Validate"`, `reason="UnsupportedVersion"`)
		}
	}
	must(t, k8s.Delete(t.Context(), f.get()))
	eventually(t, "its series are deleted", func() bool { return len(f.series("superset_operator_")) == 0 })
}

// stateIs checks the gauges of a Superset: one phase is 1 and every other is 0.
func (f *fixture) stateIs(phase, version, target string, supported float64) {
	f.t.Helper()
	eventually(f.t, "the metrics show phase "+phase, func() bool {
		return f.series("superset_operator_upgrade_phase{")[fmt.Sprintf(`superset_operator_upgrade_phase{name="bi",namespace=%q,phase=%q}`, f.ns, phase)] == "1"
	})
	phases := f.series("superset_operator_upgrade_phase{")
	if len(phases) != len(v1alpha1.Phases) {
		f.t.Errorf("%d series of upgrade_phase, want one for each of %d phases", len(phases), len(v1alpha1.Phases))
	}
	for series, value := range phases {
		want := float64(0)
		if strings.Contains(series, fmt.Sprintf("phase=%q", phase)) {
			want = 1
		}
		if number(f.t, value) != want {
			f.t.Errorf("%s is %s in phase %s", series, value, phase)
		}
	}
	info := f.series("superset_operator_instance_info{")
	if len(info) != 1 {
		f.t.Errorf("instance_info: %v, want one series", info)
	}
	for series := range info {
		contains(f.t, series, fmt.Sprintf("target_version=%q", target), fmt.Sprintf(",version=%q", version))
	}
	for series, value := range f.series("superset_operator_version_supported{") {
		if number(f.t, value) != supported {
			f.t.Errorf("%s is %s", series, value)
		}
	}
}

// series returns the series of this Superset whose names begin with a prefix.
func (f *fixture) series(prefix string) map[string]string {
	f.t.Helper()
	out := map[string]string{}
	for series, value := range operator.scrape(f.t) {
		if strings.HasPrefix(series, prefix) && strings.Contains(series, fmt.Sprintf("namespace=%q", f.ns)) {
			out[series] = value
		}
	}
	return out
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	if text == "" {
		return 0
	}
	n, err := strconv.ParseFloat(text, 64)
	must(t, err)
	return n
}
