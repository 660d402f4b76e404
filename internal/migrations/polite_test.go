// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseLocks(t *testing.T) {
	got, err := ParseResult(`{"script":"migrate","reason":"TablesBusy","message":"m","locks":{"tries":7,"waitSeconds":60.2,"heldSeconds":0.0}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := Result{Script: "migrate", Reason: ReasonTablesBusy, Message: "m", Locks: &Locks{Tries: 7, WaitSeconds: 60.2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	plain, err := ParseResult(`{"script":"migrate","reason":"","message":""}`)
	if err != nil || plain.Locks != nil {
		t.Errorf("a plain migration has locks %+v, error %v", plain.Locks, err)
	}
}

// Blocking sessions may be gone at the next attempt; a migration that took too long will take
// too long again.
func TestTransientOfPoliteReasons(t *testing.T) {
	want := map[Reason]bool{ReasonLockTimeout: true, ReasonTablesBusy: true, ReasonLockBudgetExceeded: false, ReasonMigrationFailed: false}
	for reason, transient := range want {
		if reason.Transient() != transient {
			t.Errorf("%s is transient: %t, want %t", reason, !transient, transient)
		}
	}
}
