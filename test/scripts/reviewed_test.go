// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reviewed is the result of a manual review of the scripts from 4.0 to 6.1:
// revision, class, downgrade, and "2" for a second connection. c233f5365c9e is
// Additive because the table that it completes is new on every path that includes
// it here.
const reviewed = `
be1b217cd8cd DataChanging Present
678eefb4ab44 Additive     Lossy
c22cb5c2e546 Additive     Lossy
5ad7321c2169 Destructive  Lossy
d60591c5515f Destructive  Lossy
5f57af97bc3f Additive     Lossy
4a33124c18ad Destructive  Lossy
58d051681a3b DataChanging Lossy   2
3dfd0e78650e Additive     Present
645bb206f96c Additive     Present
4081be5b6b74 DataChanging Lossy   2
87ffc36f9842 DataChanging Lossy   2
9621c6d56ffb Additive     Lossy
f84fde59123a DataChanging Present
f7b6750b67e8 Additive     Empty
02f4f7811799 Destructive  Lossy
39549add7bfc Destructive  Lossy
38f4144e8558 Destructive  Lossy
e53fd48cc078 Destructive  Lossy
a6b32d2d07b1 Destructive  Lossy
007a1abffe7e Destructive  Lossy
48cbb571fa3a Destructive  Lossy
df3d7e2eb9a4 DataChanging Present
7b17aa722e30 Additive     Lossy
eb1c288c71c4 Additive     Present
d482d51c15ca DataChanging Present
74ad1125881c Destructive  Lossy
94e7a3499973 Additive     Lossy
32bf93dfe2a4 DataChanging Present
378cecfdba9f DataChanging Present
f1edd4a4d4f2 Destructive  Lossy
363a9b1e8992 DataChanging Empty
3fd555e76e3d Additive     Lossy
cd1fb11291f2 Additive     Lossy
c233f5365c9e Additive     Lossy
x2s8ocx6rto6 Additive     Lossy
a9c01ec10479 Additive     Lossy
f5b5f88d8526 DataChanging Empty
9787190b3d89 Additive     Lossy
4b2a8c9d3e1f Additive     Lossy
`

// asReviewed compares an inspection with the review, and its parts with each
// other.
func asReviewed(t *testing.T, one inspection) {
	t.Helper()
	if one.From == "empty" {
		return
	}
	verdicts := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(reviewed), "\n") {
		fields := strings.Fields(line)
		verdicts[fields[0]] = fields[1:]
	}
	var want, got, second []string
	for _, r := range one.Revisions {
		of := verdicts[r.ID]
		if len(of) > 2 {
			second = append(second, r.ID)
		}
		want = append(want, r.ID+" "+strings.Join(of[:min(len(of), 2)], " "))
		got = append(got, strings.Join([]string{r.ID, r.Class, r.Downgrade}, " "))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s to %s, -reviewed +classified:\n%s", one.From, one.To, diff)
	}
	if len(got) != int(one.Result.PendingCount) || !slices.Equal(second, one.Result.Path.SecondConnection) {
		t.Errorf("%s to %s: %d revisions logged of %d, second connections %v, want %v", one.From, one.To,
			len(got), one.Result.PendingCount, one.Result.Path.SecondConnection, second)
	}
}
