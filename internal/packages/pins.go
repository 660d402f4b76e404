// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"regexp"
	"slices"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Limits for pins that a Job reports. Those of packages.py are narrower.
const (
	maxPins = 64
	maxPin  = 128 // characters
)

// pinForm is a pin without hashes.
var pinForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.+!_-]+$`)

// Valid is true for a list of pins as a preflight may report them.
func Valid(pins []string) bool {
	return len(pins) <= maxPins && !slices.ContainsFunc(pins, func(pin string) bool { return len(pin) > maxPin || !pinForm.MatchString(pin) })
}

// Pins are what was resolved of requirements; none if the image lacks nothing.
type Pins struct {
	List []v1alpha1.PinnedPackage `json:"list"`
}

// Lines are the pins of a release; none for nil.
func (p *Pins) Lines() []v1alpha1.PinnedPackage {
	if p == nil {
		return nil
	}
	return p.List
}

// PinsOf adds to what a preflight reports the hashes that the requirements have.
func PinsOf(resolved []string, requirements []v1alpha1.PackageRequirement) *Pins {
	hashes := map[string]string{}
	for _, r := range requirements {
		if at := strings.Index(string(r), " --hash="); at > 0 {
			hashes[canonical(string(r))] = string(r)[at:]
		}
	}
	out := make([]v1alpha1.PinnedPackage, 0, len(resolved)) // none is an answer, too
	for _, pin := range resolved {
		out = append(out, v1alpha1.PinnedPackage(pin+hashes[canonical(pin)]))
	}
	return &Pins{out}
}

var separators = regexp.MustCompile(`[-_.]+`)

// canonical is the normalized name of a package in a requirement or a pin (PEP 503).
func canonical(line string) string {
	if at := strings.IndexAny(line, "[<>=!~ "); at >= 0 {
		line = line[:at]
	}
	return strings.ToLower(separators.ReplaceAllString(line, "-"))
}
