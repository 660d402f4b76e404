// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// What was recorded of an ended Job counts without the Job and its pod.
func TestRecordedProgress(t *testing.T) {
	backup := Result{Script: "backup", Revision: "abc", Backup: &BackupResult{Name: "r7", Revision: "abc", Bytes: 5, Claim: "bi-backups", Seconds: 1.5}}
	crash := Result{Script: "migrate", Reason: ReasonJobCrashed, Message: "exit code 137 <OOMKilled>"}
	for name, p := range map[string]Progress{
		"done":   {Attempt: 1, Done: true, FinishedAt: ended.UTC(), Result: backup},
		"failed": {Attempt: 3, Uncounted: 1, FinishedAt: ended.UTC(), Result: crash},
		"lost":   {Attempt: 2, Lost: true, FinishedAt: ended.UTC()},
	} {
		record := p.Record(Migrate)
		got := Progress{}.After(&record)
		got.FinishedAt = got.FinishedAt.UTC()
		if diff := cmp.Diff(p, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The record of an attempt counts, not what is left of its Job. A later attempt counts with
// what the earlier ones have done.
func TestProgressAfterRecord(t *testing.T) {
	busy := Result{Script: "migrate", Reason: ReasonLockTimeout}
	crash := Result{Script: "migrate", Reason: ReasonJobCrashed}
	mute := Result{Script: "verify", Reason: ReasonCheckUnanswered}
	record := func(attempt int, lost bool, r Result) *v1alpha1.JobRecord {
		p := Progress{Attempt: attempt, FinishedAt: ended.UTC(), Result: r, Lost: lost}
		out := p.Record(Migrate)
		return &out
	}
	ok := Result{Script: "migrate", Revision: "abc"}
	for name, c := range map[string]struct {
		live   Progress
		record *v1alpha1.JobRecord
		want   Progress
	}{
		"no record": {Progress{Attempt: 1, Active: true}, nil, Progress{Attempt: 1, Active: true}},
		"Job gone":  {Progress{}, record(1, false, ok), Progress{Attempt: 1, Done: true, FinishedAt: ended.UTC(), Result: ok}},
		"pod gone": {Progress{Name: "bi", Attempt: 1, Lost: true}, record(1, false, ok),
			Progress{Name: "bi", Attempt: 1, Done: true, FinishedAt: ended.UTC(), Result: ok}},
		"next after a wait":   {Progress{Attempt: 2, Active: true}, record(1, false, busy), Progress{Attempt: 2, Active: true, Uncounted: 1, Before: busy}},
		"next without answer": {Progress{Attempt: 2, Active: true}, record(1, false, mute), Progress{Attempt: 2, Active: true, Uncounted: 1, Before: mute}},
		"next after a loss":   {Progress{Attempt: 2, Active: true}, record(1, true, ok), Progress{Attempt: 2, Active: true, Uncounted: 1}},
		"next after a crash":  {Progress{Attempt: 2, Done: true}, record(1, false, crash), Progress{Attempt: 2, Done: true}},
		"newest Job vanished": {Progress{Attempt: 1, Result: busy}, record(2, false, ok), Progress{Attempt: 2, Done: true, FinishedAt: ended.UTC(), Result: ok}},
	} {
		got := c.live.After(c.record)
		if !got.FinishedAt.IsZero() {
			got.FinishedAt = got.FinishedAt.UTC()
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The largest termination message of a pod fits into the field of the status.
func TestRecordFits(t *testing.T) {
	var longest int
	for _, filler := range []string{"x", "<", "\u2028", "ä"} {
		message := `{"script":"verify","message":"` + strings.Repeat(filler, 512) + `","checks":[{"name":"a","ok":true,"detail":"` + strings.Repeat(filler, 128) + `"}]}`
		r, err := ParseResult(message)
		if err != nil {
			t.Fatal(err)
		}
		p := Progress{Attempt: 1, Result: r}
		longest = max(longest, len([]rune(p.Record(Verify).Result)))
	}
	if longest > 8192 || longest < 512 {
		t.Errorf("a record has %d characters, at most 8192 are allowed", longest)
	}
}
