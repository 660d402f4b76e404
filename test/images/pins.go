// SPDX-License-Identifier: Apache-2.0

package images

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed pins.json
var pinsJSON []byte

// pins is pins.json: the inputs of the images. A plain install of any Superset
// release gives a broken program today, so each bound was added because a command
// or a page of that release failed without it.
type pins struct {
	// Registry is the part of every name before the first slash; no such host
	// exists, so that no image is ever pulled by accident.
	Registry string `json:"registry"`
	Debian   struct {
		// Codename of the release; the machine must run the same one, because
		// Superset is installed with the machine's Python and run with that of the
		// image.
		Codename string `json:"codename"`
		// Packages beyond the minimal system.
		Packages []string `json:"packages"`
		// Paths that the services image adds before the usual PATH.
		Paths []string `json:"paths"`
	} `json:"debian"`
	Python struct {
		Version string `json:"version"`
		UV      string `json:"uv"`
		// ExcludeNewer hides packages that appeared later, so that the same
		// pins give the same image next year.
		ExcludeNewer string `json:"excludeNewer"`
		// Packages that every release needs in addition to apache-superset.
		Packages []string `json:"packages"`
	} `json:"python"`
	// Wheels are the versions of the packages in the package index, by normalized name.
	Wheels map[string]string `json:"wheels"`
	// Superset lists, by release, additional packages of that release.
	Superset map[string][]string `json:"superset"`
}

func readPins() (pins, error) {
	p := pins{}
	if err := json.Unmarshal(pinsJSON, &p); err != nil {
		return pins{}, fmt.Errorf("reading pins.json: %w", err)
	}
	return p, nil
}

// requirements of a Superset release, apache-superset first.
func (p pins) requirements(version string) ([]string, error) {
	extra, known := p.Superset[version]
	if !known {
		releases := slices.Sorted(maps.Keys(p.Superset))
		return nil, fmt.Errorf("no pins for Superset %s: add them to test/images/pins.json, which has %s",
			version, strings.Join(releases, ", "))
	}
	return slices.Concat([]string{"apache-superset==" + version}, p.Python.Packages, extra), nil
}
