// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

func TestSupported(t *testing.T) {
	for version, want := range map[string]bool{
		"4.1.0": true, "4.1.4": true, "5.0.0": true, "6.0.0": true, "6.1.0": true, "6.99.0": true,
		"4.1.1-rc1": true, "6.0.0-rc2": true, "6.1.0+own.1": true, "5.0.0-rc1+own": true,
		"4.1.0-rc1": false, // comes before 4.1.0
		"4.0.2":     false, "3.1.3": false, "0.38.1": false,
		"7.0.0": false, "7.0.0-rc1": false, "7.0.0-0": false, "10.0.0": false, // compared as numbers, not as text
		"": false, "6": false, "6.0": false, "v6.0.0": false, "6.0.0.1": false, "latest": false, "06.0.0": false,
	} {
		if got := Supported(version); got != want {
			t.Errorf("%q is supported: %v, want %v", version, got, want)
		}
	}
	if got := SupportedRange(); got != "4.1.0 and above, below 7.0.0" {
		t.Errorf("the range in words: %s", got)
	}
}

func TestRefuse(t *testing.T) {
	cases := map[string]struct {
		running, wanted string
		policy          Policy
		reason, says    string
	}{
		"install":                   {"", "6.0.0", Policy{}, "", ""},
		"install of an old one":     {"", "4.0.2", Policy{}, v1alpha1.ReasonUnsupportedVersion, "set spec.upgrade.allowUnsupportedVersion"},
		"old one, allowed":          {"", "4.0.2", Policy{AllowUnsupported: true}, "", ""},
		"next":                      {"5.0.0", "6.0.0", Policy{}, "", ""},
		"same":                      {"6.0.0", "6.0.0", Policy{}, "", ""},
		"patch":                     {"6.0.0", "6.0.1", Policy{}, "", ""},
		"minor":                     {"6.0.0", "6.1.0", Policy{}, "", ""},
		"from an old one":           {"4.0.2", "4.1.4", Policy{}, "", ""},
		"release after its rc":      {"6.0.0-rc1", "6.0.0", Policy{}, "", ""},
		"rc after the release":      {"6.0.0", "6.0.0-rc1", Policy{}, v1alpha1.ReasonDowngradeRefused, "lower than the running 6.0.0"},
		"build metadata":            {"6.0.0+a", "6.0.0+b", Policy{}, "", ""}, // has no order
		"lower":                     {"6.0.0", "5.0.0", Policy{}, v1alpha1.ReasonDowngradeRefused, "no known way back"},
		"lower, all else allowed":   {"6.0.0", "5.0.0", Policy{AllowSkip: true, AllowUnsupported: true}, v1alpha1.ReasonDowngradeRefused, "5.0.0"},
		"skips one":                 {"4.1.4", "6.0.0", Policy{}, v1alpha1.ReasonVersionSkip, "upgrade to 5 first"},
		"skips one, allowed":        {"4.1.4", "6.0.0", Policy{AllowSkip: true}, "", ""},
		"too new":                   {"6.0.0", "7.0.0", Policy{}, v1alpha1.ReasonUnsupportedVersion, "below 7.0.0"},
		"rc of what is too new":     {"6.0.0", "7.0.0-rc1", Policy{}, v1alpha1.ReasonUnsupportedVersion, "7.0.0-rc1"},
		"too new, allowed":          {"6.0.0", "7.0.0-rc1", Policy{AllowUnsupported: true}, "", ""},
		"too new, allowed, skipped": {"6.0.0", "8.0.0", Policy{AllowUnsupported: true}, v1alpha1.ReasonVersionSkip, "upgrade to 7 first"},
		"no version":                {"6.0.0", "latest", Policy{AllowUnsupported: true}, v1alpha1.ReasonSpecInvalid, "write for example 6.0.0"},
		"short":                     {"", "6.0", Policy{}, v1alpha1.ReasonSpecInvalid, `"6.0"`},
		"what runs is not known":    {"nonsense", "6.0.0", Policy{}, "", ""},
	}
	for name, c := range cases {
		o := &Observation{Status: &v1alpha1.SupersetStatus{Release: "r"}, Desired: Release{Hash: "d", Version: c.wanted}, Policy: c.policy}
		if c.running != "" {
			o.Stored = []Release{{Hash: "r", Version: c.running}}
		}
		got := refuse(o)
		if got.reason != c.reason || !strings.Contains(got.message, c.says) || (got.message == "") != (c.reason == "") {
			t.Errorf("%s: got %q: %q, want %q with %q", name, got.reason, got.message, c.reason, c.says)
		}
	}
	o := &Observation{Status: &v1alpha1.SupersetStatus{}, Desired: Release{Version: "6.0.0"}, Invalid: "spec.config.raw is wrong"}
	if got := refuse(o); got.reason != v1alpha1.ReasonSpecInvalid || got.message != o.Invalid {
		t.Errorf("a spec that cannot be rendered: %+v", got)
	}
}

// Lowering spec.version is the rollback to a stored release, and to no other.
func TestWayDown(t *testing.T) {
	stored := []Release{{Hash: "run", Version: "6.0.0"}, {Hash: "newer5", Version: "5.0.0"}, {Hash: "older5", Version: "5.0.0"}, {Hash: "4", Version: "4.1.4"}}
	for name, c := range map[string]struct{ hash, version, want string }{
		"same version":      {"x", "6.0.0", ""},
		"higher":            {"x", "6.1.0", ""},
		"lower, stored":     {"older5", "5.0.0", "older5"},
		"lower, by version": {"x", "5.0.0", "newer5"},
		"lower, unknown":    {"x", "5.0.1", ""},
		"another":           {"x", "4.1.4", "4"},
		"rc of what runs":   {"x", "6.0.0-rc1", ""},
		"nonsense":          {"x", "latest", ""},
	} {
		o := &Observation{Status: &v1alpha1.SupersetStatus{Release: "run"}, Stored: stored, Desired: Release{Hash: c.hash, Version: c.version}}
		if got, ok := wayDown(o); got.Hash != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, %v, want %q", name, got.Hash, ok, c.want)
		}
	}
	o := &Observation{Status: &v1alpha1.SupersetStatus{}, Stored: stored, Desired: Release{Hash: "older5", Version: "5.0.0"}}
	if got, ok := wayDown(o); ok {
		t.Errorf("nothing runs, and the way down is to %s", got.Hash)
	}
}
