// SPDX-License-Identifier: Apache-2.0

package rollback

import (
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state/statetest"
)

// Lowering spec.version is a rollback only if a stored release has this version.
func TestByVersion(t *testing.T) {
	stored := []state.Release{{Hash: "run", Version: "6.0.0"}, {Hash: "newer5", Version: "5.0.0"}, {Hash: "older5", Version: "5.0.0"}, {Hash: "4", Version: "4.1.4"}}
	for name, c := range map[string]struct{ hash, version, want string }{
		"same version":      {"x", "6.0.0", ""},
		"higher":            {"x", "6.1.0", ""},
		"lower, stored":     {"older5", "5.0.0", "older5"},
		"lower, by version": {"x", "5.0.0", "newer5"},
		"lower, unknown":    {"x", "5.0.1", ""},
		"oldest stored":     {"x", "4.1.4", "4"},
		"rc of the running": {"x", "6.0.0-rc1", ""},
		"not a version":     {"x", "latest", ""},
	} {
		o := &state.Observation{Status: &v1alpha1.SupersetStatus{Release: "run"}, Stored: stored, Desired: state.Release{Hash: c.hash, Version: c.version}}
		if got, ok := ByVersion(state.Of(o)); got.Target.Hash != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, %v, want %q", name, got.Target.Hash, ok, c.want)
		}
	}
	o := &state.Observation{Status: &v1alpha1.SupersetStatus{}, Stored: stored, Desired: state.Release{Hash: "older5", Version: "5.0.0"}}
	if got, ok := ByVersion(state.Of(o)); ok {
		t.Errorf("rollback to %s although no release runs", got.Target.Hash)
	}
}

func TestRequestedTarget(t *testing.T) {
	cases := map[string]struct {
		token, want string
	}{
		"revision":         {"4", "a"},
		"version":          {"5.0.0", "a"},
		"running revision": {"5", ""},
		"unknown revision": {"17", "a"}, // a token without a target
		"timestamp":        {"1700000000", "a"},
		"free text":        {"now", "a"},
		"unknown version":  {"4.1.0", ""},
		"short version":    {"5.0", "a"},
	}
	for name, c := range cases {
		o := statetest.Upgrade(v1alpha1.PhaseReady)
		o.Status.Release, o.Status.PreviousRelease, o.Tokens.Rollback = "b", "a", c.token
		got, why := requestedTarget(state.Of(o))
		if got.Hash != c.want || (why == "") != (c.want != "") {
			t.Errorf("%s: %q, %q; want %q", name, got.Hash, why, c.want)
		}
	}
}
