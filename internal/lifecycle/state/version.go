// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"

	"github.com/Masterminds/semver/v3"
)

// The supported releases of Superset: from firstSupported to before
// firstUnsupported. Tested with 4.1.4, 5.0.0, 6.0.0 and 6.1.0. 7.0 changes
// SQLAlchemy and the schema and is not tested.
var (
	firstSupported   = semver.MustParse("4.1.0")
	firstUnsupported = semver.MustParse("7.0.0-0")
)

// From firstSupported to before firstUntested every older release was tested on the
// schema of every newer one (docs/explanation/e2e-results.md).
var firstUntested = semver.MustParse("6.2.0-0")

// Tested is true for a version that was tested on the schema of every newer tested
// version.
func Tested(version string) bool {
	v, err := semver.StrictNewVersion(version)
	return err == nil && !v.LessThan(firstSupported) && v.LessThan(firstUntested)
}

// TestedRange is the range of tested versions in words.
func TestedRange() string {
	return fmt.Sprintf("from %d.%d to %d.%d", firstSupported.Major(), firstSupported.Minor(), firstUntested.Major(), firstUntested.Minor()-1)
}

// Supported is true when a version is in the range that this operator release
// supports.
func Supported(version string) bool {
	v, err := semver.StrictNewVersion(version)
	return err == nil && !v.LessThan(firstSupported) && v.LessThan(firstUnsupported)
}

// SupportedRange is the range of supported versions in words.
func SupportedRange() string {
	return fmt.Sprintf("%s and above, below %d.0.0", firstSupported, firstUnsupported.Major())
}

// Major is the major version; 0 for what is no version.
func Major(version string) uint64 {
	v, err := semver.StrictNewVersion(version)
	if err != nil {
		return 0
	}
	return v.Major()
}

// Higher is true when both are versions and the first is the higher one.
func Higher(a, b string) bool {
	one, err1 := semver.StrictNewVersion(a)
	two, err2 := semver.StrictNewVersion(b)
	return err1 == nil && err2 == nil && one.GreaterThan(two)
}
