// SPDX-License-Identifier: Apache-2.0

package world

// Rehearsal has the findings of a rehearsal.
type Rehearsal struct {
	Downgrade       string  `json:"downgrade"`
	DowngradeReason string  `json:"downgradeReason,omitempty"`
	Rolling         string  `json:"rolling"`
	RollingReason   string  `json:"rollingReason,omitempty"`
	MigrateSeconds  float64 `json:"migrateSeconds"`
	LockSeconds     float64 `json:"lockSeconds"`
	LockTables      int     `json:"lockTables"`
	CopySeconds     float64 `json:"copySeconds"`
	Bytes           int64   `json:"bytes"`
}

// rehearse returns the result of a rehearsal, and changes nothing.
func rehearse(behavior Behavior, result Result) Result {
	switch behavior {
	case RehearseFails:
		return result.fail("MigrationFailed", "ProgrammingError: this migration was told to fail; this was a rehearsal on a copy, the database was not touched")
	case RehearseTooLarge:
		return result.fail("RehearsalTooLarge", "a copy of the database does not fit, it takes more than 9216 MiB: raise spec.upgrade.rehearsalJob.size, add tables to its excludeData, or set rehearsal: Never")
	default: // it was tried
	}
	found := &Rehearsal{Downgrade: "Proven", Rolling: "Proven", MigrateSeconds: 1.2, LockSeconds: 0.4, LockTables: 8, CopySeconds: 0.5, Bytes: 1 << 20}
	if behavior == RehearseRefuses {
		found.Downgrade, found.DowngradeReason = "Refused", `the downgrade fails: DuplicateTable: relation "_customer_location_uc" already exists`
		found.Rolling, found.RollingReason = "Refused", "GET /login/ answers 500"
	}
	result.Rehearsal = found
	return result
}
