// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

func TestRefuse(t *testing.T) {
	cases := map[string]struct {
		running, wanted string
		policy          state.Policy
		reason, text    string
	}{
		"install":                   {"", "6.0.0", state.Policy{}, "", ""},
		"install of an old version": {"", "4.0.2", state.Policy{}, v1alpha1.ReasonUnsupportedVersion, "set spec.upgrade.allowUnsupportedVersion"},
		"old version, allowed":      {"", "4.0.2", state.Policy{AllowUnsupported: true}, "", ""},
		"next":                      {"5.0.0", "6.0.0", state.Policy{}, "", ""},
		"same":                      {"6.0.0", "6.0.0", state.Policy{}, "", ""},
		"patch":                     {"6.0.0", "6.0.1", state.Policy{}, "", ""},
		"minor":                     {"6.0.0", "6.1.0", state.Policy{}, "", ""},
		"from an old version":       {"4.0.2", "4.1.4", state.Policy{}, "", ""},
		"release after its rc":      {"6.0.0-rc1", "6.0.0", state.Policy{}, "", ""},
		"rc after the release":      {"6.0.0", "6.0.0-rc1", state.Policy{}, v1alpha1.ReasonDowngradeRefused, "lower than the running 6.0.0"},
		"build metadata":            {"6.0.0+a", "6.0.0+b", state.Policy{}, "", ""}, // ignored in comparisons
		"lower":                     {"6.0.0", "5.0.0", state.Policy{}, v1alpha1.ReasonDowngradeRefused, "no release to roll back to"},
		"lower, skip allowed":       {"6.0.0", "5.0.0", state.Policy{AllowSkip: true, AllowUnsupported: true}, v1alpha1.ReasonDowngradeRefused, "5.0.0"},
		"skips a major":             {"4.1.4", "6.0.0", state.Policy{}, v1alpha1.ReasonVersionSkip, "upgrade to 5 first"},
		"skips a major, allowed":    {"4.1.4", "6.0.0", state.Policy{AllowSkip: true}, "", ""},
		"too new":                   {"6.0.0", "7.0.0", state.Policy{}, v1alpha1.ReasonUnsupportedVersion, "below 7.0.0"},
		"rc of a too new version":   {"6.0.0", "7.0.0-rc1", state.Policy{}, v1alpha1.ReasonUnsupportedVersion, "7.0.0-rc1"},
		"too new, allowed":          {"6.0.0", "7.0.0-rc1", state.Policy{AllowUnsupported: true}, "", ""},
		"too new, allowed, skipped": {"6.0.0", "8.0.0", state.Policy{AllowUnsupported: true}, v1alpha1.ReasonVersionSkip, "upgrade to 7 first"},
		"not a version":             {"6.0.0", "latest", state.Policy{AllowUnsupported: true}, v1alpha1.ReasonSpecInvalid, "write for example 6.0.0"},
		"short":                     {"", "6.0", state.Policy{}, v1alpha1.ReasonSpecInvalid, `"6.0"`},
		"running version unknown":   {"nonsense", "6.0.0", state.Policy{}, "", ""},
	}
	for name, c := range cases {
		o := &state.Observation{Status: &v1alpha1.SupersetStatus{Release: "r"}, Desired: state.Release{Hash: "d", Version: c.wanted}, Policy: c.policy}
		if c.running != "" {
			o.Stored = []state.Release{{Hash: "r", Version: c.running}}
		}
		reason, message := Refuse(state.Of(o))
		if reason != c.reason || !strings.Contains(message, c.text) || (message == "") != (c.reason == "") {
			t.Errorf("%s: got %q: %q, want %q with %q", name, reason, message, c.reason, c.text)
		}
	}
	o := &state.Observation{Status: &v1alpha1.SupersetStatus{}, Desired: state.Release{Version: "6.0.0"}, Invalid: "spec.config.raw is wrong"}
	if reason, message := Refuse(state.Of(o)); reason != v1alpha1.ReasonSpecInvalid || message != o.Invalid {
		t.Errorf("a spec that cannot be rendered: %q: %q", reason, message)
	}
}
