// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"

	"github.com/Masterminds/semver/v3"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// The releases of Superset that this operator release knows: from the first to
// before the last. Measured on 4.1.4, 5.0.0, 6.0.0 and 6.1.0; 7.0 changes
// SQLAlchemy and the schema in ways that nobody has measured yet.
var (
	firstSupported   = semver.MustParse("4.1.0")
	firstUnsupported = semver.MustParse("7.0.0-0")
)

// The releases among which every older one was measured to serve on the schema
// of every newer one: from the first supported to before this.
var firstUnmeasured = semver.MustParse("6.2.0-0")

// Measured is true for a version whose code and schema were measured against
// those of every other such version.
func Measured(version string) bool {
	v, err := semver.StrictNewVersion(version)
	return err == nil && !v.LessThan(firstSupported) && v.LessThan(firstUnmeasured)
}

func measuredRange() string {
	return fmt.Sprintf("from %d.%d to %d.%d", firstSupported.Major(), firstSupported.Minor(), firstUnmeasured.Major(), firstUnmeasured.Minor()-1)
}

// Supported is true when a version is inside the bounds of this release.
func Supported(version string) bool {
	v, err := semver.StrictNewVersion(version)
	return err == nil && !v.LessThan(firstSupported) && v.LessThan(firstUnsupported)
}

// SupportedRange says the bounds in words.
func SupportedRange() string {
	return fmt.Sprintf("%s and above, below %d.0.0", firstSupported, firstUnsupported.Major())
}

// refusal is why a version must not be tried; no reason means go on.
type refusal struct{ reason, message string }

// refuse applies the version rules to what spec asks for.
func refuse(o *Observation) refusal {
	if o.Invalid != "" {
		return refusal{v1alpha1.ReasonSpecInvalid, o.Invalid}
	}
	target, err := semver.StrictNewVersion(o.Desired.Version)
	if err != nil {
		return refusal{v1alpha1.ReasonSpecInvalid, fmt.Sprintf("spec.version %q is not a semantic version: write for example 6.0.0", o.Desired.Version)}
	}
	if !o.Policy.AllowUnsupported && !Supported(o.Desired.Version) {
		return refusal{v1alpha1.ReasonUnsupportedVersion, fmt.Sprintf(
			"version %s is outside the bounds of this operator release (%s); set spec.upgrade.allowUnsupportedVersion to try it all the same", target, SupportedRange())}
	}
	running, err := semver.StrictNewVersion(o.stored(o.Status.Release).Version)
	if err != nil {
		return refusal{} // a first install has nothing to compare with
	}
	if target.LessThan(running) {
		why := "no stored release has it: there is no known way back to it"
		if r, ok := storedVersion(o, o.Desired.Version); ok {
			why = "nothing leads back to it: " + WayBack(o, r).Reason
		}
		return refusal{v1alpha1.ReasonDowngradeRefused, fmt.Sprintf("version %s is lower than the running %s and %s", target, running, why)}
	}
	if !o.Policy.AllowSkip && target.Major() > running.Major()+1 {
		return refusal{v1alpha1.ReasonVersionSkip, fmt.Sprintf(
			"version %s skips a major version after %s; upgrade to %d first, or set spec.upgrade.allowVersionSkip", target, running, running.Major()+1)}
	}
	return refusal{}
}

// wayDown is the stored release to go back to when spec asks for a version
// lower than the running one: lowering spec.version is the rollback to it. The
// release that spec asks for itself is preferred to another of its version.
func wayDown(o *Observation) (Release, bool) {
	running, err := semver.StrictNewVersion(o.stored(o.Status.Release).Version)
	if err != nil {
		return Release{}, false
	}
	target, err := semver.StrictNewVersion(o.Desired.Version)
	if err != nil || !target.LessThan(running) {
		return Release{}, false
	}
	r := o.stored(o.Desired.Hash)
	if r.Hash == "" {
		r, _ = storedVersion(o, o.Desired.Version)
	}
	return r, canGoBack(o, r)
}

// storedVersion is the newest stored release of a version.
func storedVersion(o *Observation, version string) (Release, bool) {
	for _, r := range o.Stored {
		if r.Version == version {
			return r, true
		}
	}
	return Release{}, false
}

// higher is true when both are versions and the first is the higher one.
func higher(a, b string) bool {
	one, err1 := semver.StrictNewVersion(a)
	two, err2 := semver.StrictNewVersion(b)
	return err1 == nil && err2 == nil && one.GreaterThan(two)
}
