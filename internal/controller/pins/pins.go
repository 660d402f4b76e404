// SPDX-License-Identifier: Apache-2.0

// Package pins completes a release with what was resolved of its packages. It is pure, but for the
// preflight that it is given: see [Complete].
package pins

import (
	"encoding/json"
	"fmt"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/packages"
)

// Known is what a stored release has resolved.
type Known struct {
	// of identifies what was resolved, and where.
	of   string
	pins *packages.Pins
}

// Of is what a release has resolved.
func Of(r *components.Release) Known {
	if len(r.Packages) == 0 {
		return Known{}
	}
	image := r.Runtime.Image
	raw, err := json.Marshal([]any{r.Packages, r.Runtime.PackagesIndex, r.Runtime.Version, image.Repository, image.Tag, image.Digest})
	if err != nil {
		panic(fmt.Sprintf("encoding packages: %v", err)) // plain values only
	}
	return Known{string(raw), r.Pins}
}

// Found is where the pins of a release may be.
type Found struct {
	// Stored are the stored releases, the newest first, and Known what each has resolved.
	Stored []state.Release
	Known  func(hash string) Known
	// Live are the components; nil for none.
	Live [3]v1alpha1.Component
	// Preflight is the progress of the preflight, which reports them in Validate.
	Preflight *migrations.Progress
	// Phase is where the run is.
	Phase v1alpha1.Phase
}

// Complete returns the desired release with its pins: those of a stored release that resolved the
// same, of a component that has the release, or those that preflight reports. A release without
// packages is returned as it is. Until its pins are known, a release is good for a preflight alone:
// in other phases than Validate it is nil, as one that is missing. A preflight that has passed
// without reporting them is changed into one that has failed.
func Complete(desired *components.Release, f *Found) *components.Release {
	if desired == nil || len(desired.Packages) == 0 {
		return desired
	}
	out := *desired
	out.Pins = f.pinsOf(desired)
	if out.Pins == nil && f.Phase != v1alpha1.PhaseValidate {
		return nil
	}
	if p := f.Preflight; out.Pins == nil && p.Done {
		p.Done, p.Result.Reason = false, migrations.ReasonUnexpected
		p.Result.Message = "the preflight did not report the packages that it has resolved; a webhook may have removed its init container packages"
	}
	return &out
}

func (f *Found) pinsOf(desired *components.Release) *packages.Pins {
	wanted := Of(desired).of
	for i := range f.Stored {
		if known := f.Known(f.Stored[i].Hash); known.of == wanted && known.pins != nil {
			return known.pins
		}
	}
	for _, c := range f.Live {
		if c != nil && c.ComponentSpec().Release == desired.Hash() {
			return &packages.Pins{List: c.ComponentSpec().Packages}
		}
	}
	if resolved := f.Preflight.Result.Packages; resolved != nil && f.Phase == v1alpha1.PhaseValidate {
		return packages.PinsOf(*resolved, desired.Packages)
	}
	return nil
}
