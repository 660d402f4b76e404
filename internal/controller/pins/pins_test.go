// SPDX-License-Identifier: Apache-2.0

package pins

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/packages"
)

func release(t *testing.T, edit func(*v1alpha1.SupersetSpec), pins ...string) *components.Release {
	t.Helper()
	s := &v1alpha1.Superset{}
	s.Spec.Version, s.Spec.Web = "6.0.0", &v1alpha1.WebSpec{}
	s.Spec.Packages = []v1alpha1.PackageRequirement{"driver"}
	if edit != nil {
		edit(&s.Spec)
	}
	r, err := components.ReleaseOf(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if pins != nil {
		r.Pins = packages.PinsOf(pins, nil)
	}
	return r
}

// Pins are those of a release that resolved the same in the same image, wherever it is known from.
func TestComplete(t *testing.T) {
	wanted := release(t, nil)
	live := &v1alpha1.SupersetWebWorker{}
	live.Spec.Release, live.Spec.Packages = wanted.Hash(), []v1alpha1.PinnedPackage{"driver==3"}
	reported := &[]string{"driver==4"}
	stored := func(edit func(*v1alpha1.SupersetSpec), pins ...string) []*components.Release {
		return []*components.Release{release(t, edit, pins...), release(t, nil, "driver==1")}
	}
	for name, c := range map[string]struct {
		stored []*components.Release
		live   v1alpha1.Component
		report *[]string
		phase  v1alpha1.Phase
		want   []v1alpha1.PinnedPackage
	}{
		"the newest stored release":    {stored(nil, "driver==2"), live, reported, v1alpha1.PhaseValidate, []v1alpha1.PinnedPackage{"driver==2"}},
		"one that is not complete":     {stored(nil), nil, nil, v1alpha1.PhaseReady, []v1alpha1.PinnedPackage{"driver==1"}},
		"another setting":              {stored(func(s *v1alpha1.SupersetSpec) { s.Config.Raw = "A = 1" }, "driver==2"), nil, nil, v1alpha1.PhaseReady, []v1alpha1.PinnedPackage{"driver==2"}},
		"another list":                 {stored(func(s *v1alpha1.SupersetSpec) { s.Packages[0] = "driver>1" }, "driver==2"), nil, nil, v1alpha1.PhaseReady, []v1alpha1.PinnedPackage{"driver==1"}},
		"another version":              {stored(func(s *v1alpha1.SupersetSpec) { s.Version = "6.1.0" }, "driver==2"), nil, nil, v1alpha1.PhaseReady, []v1alpha1.PinnedPackage{"driver==1"}},
		"another image":                {stored(func(s *v1alpha1.SupersetSpec) { s.Image.Digest = "sha256:ab" }, "driver==2"), nil, nil, v1alpha1.PhaseReady, []v1alpha1.PinnedPackage{"driver==1"}},
		"another index":                {stored(func(s *v1alpha1.SupersetSpec) { s.PackagesIndex = &v1alpha1.PackagesIndexSpec{URL: "https://x"} }, "driver==2"), nil, nil, v1alpha1.PhaseReady, []v1alpha1.PinnedPackage{"driver==1"}},
		"the pods, if none is stored":  {nil, live, reported, v1alpha1.PhaseReady, []v1alpha1.PinnedPackage{"driver==3"}},
		"preflight":                    {nil, nil, reported, v1alpha1.PhaseValidate, []v1alpha1.PinnedPackage{"driver==4"}},
		"preflight that found nothing": {nil, nil, &[]string{}, v1alpha1.PhaseValidate, []v1alpha1.PinnedPackage{}},
	} {
		f := Found{Live: [3]v1alpha1.Component{nil, c.live, nil}, Phase: c.phase, Preflight: &migrations.Progress{Done: true}}
		f.Preflight.Result.Packages = c.report
		known := map[string]Known{}
		for i, r := range c.stored {
			hash := string(rune('a' + i))
			f.Stored, known[hash] = append(f.Stored, state.Release{Hash: hash}), Of(r)
		}
		f.Known = func(hash string) Known { return known[hash] }
		got := Complete(wanted, &f)
		if got == nil || got.Hash() != wanted.Hash() || !f.Preflight.Done {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		if diff := cmp.Diff(c.want, got.Pins.Lines()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	if wanted.Pins != nil {
		t.Error("the rendering was changed")
	}
}

// A release without its pins is good for a preflight alone, and a preflight that passes without them
// has failed.
func TestUnresolved(t *testing.T) {
	wanted := release(t, nil)
	for phase, usable := range map[v1alpha1.Phase]bool{v1alpha1.PhaseReady: false, v1alpha1.PhaseDBMigrate: false, v1alpha1.PhaseValidate: true} {
		f := Found{Phase: phase, Preflight: &migrations.Progress{}}
		if got := Complete(wanted, &f); (got != nil) != usable || usable && got.Pins != nil {
			t.Errorf("%s: %+v", phase, got)
		}
	}
	f := Found{Phase: v1alpha1.PhaseValidate, Preflight: &migrations.Progress{Done: true}}
	Complete(wanted, &f)
	if f.Preflight.Done || f.Preflight.Result.Reason != migrations.ReasonUnexpected {
		t.Errorf("the preflight: %+v", f.Preflight)
	}
	without := release(t, func(s *v1alpha1.SupersetSpec) { s.Packages = nil })
	if got := Complete(without, &Found{}); got != without {
		t.Error("a release without packages is not returned as it is")
	}
	if Complete(nil, &Found{}) != nil {
		t.Error("a spec that cannot be rendered has a release")
	}
}
