// SPDX-License-Identifier: Apache-2.0

package migrations_test

import (
	"encoding/json"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/migrations"
)

func TestParseBackup(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	const line = `{"script":"backup","reason":"","message":"","database":"postgresql","revision":"74ad1125881c",` +
		`"backup":{"name":"r7","revision":"74ad1125881c","bytes":123,"sha256":"SUM","seconds":1.2,"kept":["r7","r5"]}}`
	got, err := migrations.ParseResult(strings.ReplaceAll(line, "SUM", sum))
	if err != nil {
		t.Fatal(err)
	}
	want := &migrations.BackupResult{Name: "r7", Revision: "74ad1125881c", Bytes: 123, SHA256: sum, Seconds: 1.2, Kept: []string{"r7", "r5"}}
	if diff := gocmp.Diff(want, got.Backup); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestBackupIsBounded(t *testing.T) {
	long := strings.Repeat("é", 1000)
	reported := migrations.BackupResult{Name: long, Revision: long, Bytes: -1, SHA256: strings.Repeat("0A", 32), Seconds: -1}
	for range 100 {
		reported.Kept = append(reported.Kept, long)
	}
	line, err := json.Marshal(migrations.Result{Script: "backup", Backup: &reported})
	if err != nil {
		t.Fatal(err)
	}
	got, err := migrations.ParseResult(string(line))
	if err != nil {
		t.Fatal(err)
	}
	short := strings.Repeat("é", 63) + "…"
	want := &migrations.BackupResult{Name: short, Revision: short}
	for range 64 {
		want.Kept = append(want.Kept, short)
	}
	if diff := gocmp.Diff(want, got.Backup); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Another attempt does not fix a failed backup or rollback: a damaged backup stays damaged,
// and a full disk stays full.
func TestRollbackReasonsDoNotPass(t *testing.T) {
	for _, reason := range []migrations.Reason{
		migrations.ReasonBackupFailed, migrations.ReasonToolMismatch, migrations.ReasonBackupMissing, migrations.ReasonBackupDamaged,
		migrations.ReasonRestoreFailed, migrations.ReasonDowngradeFailed, migrations.ReasonReencryptFailed,
	} {
		if reason.Transient() {
			t.Errorf("%s is transient, so it would be retried", reason)
		}
	}
}
