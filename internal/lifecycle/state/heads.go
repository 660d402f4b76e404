// SPDX-License-Identifier: Apache-2.0

package state

import (
	_ "embed"
	"strings"
)

// headsText has the head revision of the migrations of each official release from 1.0.0 on, as
// lines of revision and lowest release with it, separated by a space, in the order of the
// releases. `make heads-data` derives it from the releases themselves.
//
//go:embed heads.txt
var headsText string

var heads = parseHeads(headsText)

func parseHeads(text string) map[string]string {
	releases := map[string]string{}
	for line := range strings.Lines(text) {
		if head, release, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			releases[head] = release
		}
	}
	return releases
}

// ReleaseOf is the lowest official release whose migrations end at the revision. It is false for
// an unknown revision: that of a release that is newer than this operator, of a build of a branch,
// or of an interrupted migration.
func ReleaseOf(head string) (lowest string, ok bool) {
	lowest, ok = heads[head]
	return lowest, ok
}
