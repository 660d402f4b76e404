// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// release is a Superset release with the head of its migrations.
type release struct {
	version [3]int
	head    string
	total   int // migrations from an empty database to head
}

// releases, the oldest first: heads and totals as read from the releases
// themselves. A version between two of them has the head of the lower one: patch
// releases had no migrations.
var releases = []release{
	{[3]int{4, 0, 0}, "17fcea065655", 304},
	{[3]int{4, 1, 0}, "48cbb571fa3a", 326},
	{[3]int{5, 0, 0}, "74ad1125881c", 331},
	{[3]int{6, 0, 0}, "c233f5365c9e", 339},
	{[3]int{6, 1, 0}, "4b2a8c9d3e1f", 344},
}

// chain holds the revisions after the first release's head, the oldest first.
var chain = []string{
	// 4.1
	"be1b217cd8cd", "678eefb4ab44", "c22cb5c2e546", "5ad7321c2169", "d60591c5515f", "4a33124c18ad", "5f57af97bc3f", "3dfd0e78650e",
	"58d051681a3b", "645bb206f96c", "4081be5b6b74", "87ffc36f9842", "9621c6d56ffb", "f84fde59123a", "f7b6750b67e8", "02f4f7811799",
	"39549add7bfc", "38f4144e8558", "e53fd48cc078", "a6b32d2d07b1", "007a1abffe7e", "48cbb571fa3a",
	// 5.0
	"7b17aa722e30", "df3d7e2eb9a4", "eb1c288c71c4", "d482d51c15ca", "74ad1125881c",
	// 6.0
	"94e7a3499973", "32bf93dfe2a4", "378cecfdba9f", "f1edd4a4d4f2", "363a9b1e8992", "3fd555e76e3d", "cd1fb11291f2", "c233f5365c9e",
	// 6.1
	"x2s8ocx6rto6", "a9c01ec10479", "f5b5f88d8526", "9787190b3d89", "4b2a8c9d3e1f",
}

// The classes of the chain's revisions, as preflight finds them in the releases
// themselves (docs/explanation/inspect.md); a revision in neither list is
// additive.
var (
	dataChanging = []string{
		"be1b217cd8cd", "58d051681a3b", "4081be5b6b74", "87ffc36f9842", "f84fde59123a", "df3d7e2eb9a4", "d482d51c15ca",
		"32bf93dfe2a4", "378cecfdba9f", "363a9b1e8992", "f5b5f88d8526",
	}
	destructive = []string{
		"5ad7321c2169", "d60591c5515f", "4a33124c18ad", "02f4f7811799", "39549add7bfc", "38f4144e8558", "e53fd48cc078",
		"a6b32d2d07b1", "007a1abffe7e", "48cbb571fa3a", "74ad1125881c", "f1edd4a4d4f2",
	}
	secondConnection = []string{"58d051681a3b", "4081be5b6b74", "87ffc36f9842"}
)

// pathOf counts the revisions by class.
func pathOf(revisions []string) *Path {
	p := &Path{}
	for _, revision := range revisions {
		switch {
		case slices.Contains(dataChanging, revision):
			p.DataChanging++
		case slices.Contains(destructive, revision):
			p.Destructive++
		default:
			p.Additive++
		}
		if slices.Contains(secondConnection, revision) {
			p.SecondConnection = append(p.SecondConnection, revision)
		}
	}
	return p
}

// Head is the head revision of a Superset version such as 6.0.0 or 6.0.1-acme.2:
// the suffix after a hyphen is ignored. The oldest version known is 4.0.0.
func Head(version string) (string, error) {
	r, err := releaseOf(version)
	return r.head, err
}

func releaseOf(version string) (release, error) {
	core, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), "-")
	parts := strings.Split(core, ".")
	var number [3]int
	if len(parts) != len(number) {
		return release{}, fmt.Errorf("%q is not a version such as 6.0.0", version)
	}
	for i, part := range parts {
		var err error
		if number[i], err = strconv.Atoi(part); err != nil {
			return release{}, fmt.Errorf("%q is not a version such as 6.0.0", version)
		}
	}
	for _, r := range slices.Backward(releases) {
		if slices.Compare(r.version[:], number[:]) <= 0 {
			return r, nil
		}
	}
	return release{}, fmt.Errorf("the simulated world knows no release as old as %s", version)
}

// pending are the revisions that an image of the release would apply, and their
// number; ok is false when it does not know the database's revision. For an empty
// database only the number is known.
func (r release) pending(revision string) (revisions []string, count int, ok bool) {
	if revision == "" {
		return nil, r.total, true
	}
	from, to := position(revision), position(r.head)
	if from < 0 || from > to {
		return nil, 0, false
	}
	return slices.Clone(chain[from:to]), to - from, true
}

// position counts the revisions of the chain up to and including one; -1 when it
// is unknown.
func position(revision string) int {
	if revision == releases[0].head {
		return 0
	}
	if i := slices.Index(chain, revision); i >= 0 {
		return i + 1
	}
	return -1
}
