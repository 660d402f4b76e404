// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Rehearsal has the findings of a rehearsal on a copy of the database.
type Rehearsal struct {
	// Downgrade is Proven if the downgrade restored schema and rows, otherwise Refused.
	// DowngradeReason then has the error or the first difference, in at most 320 characters.
	Downgrade       v1alpha1.Finding `json:"downgrade"`
	DowngradeReason string           `json:"downgradeReason,omitempty"`
	// Rolling is Proven if the current release served on the migrated copy, otherwise
	// Refused. RollingReason then has the first failed request, in at most 320 characters.
	Rolling       v1alpha1.Finding `json:"rolling"`
	RollingReason string           `json:"rollingReason,omitempty"`
	// MigrateSeconds is the duration of the migration, and LockSeconds how long it held
	// exclusive locks on existing tables; LockTables is the number of these tables.
	MigrateSeconds float64 `json:"migrateSeconds"`
	LockSeconds    float64 `json:"lockSeconds"`
	LockTables     int32   `json:"lockTables"`
	// CopySeconds is the duration of the copy, and Bytes the size of the copied database.
	CopySeconds float64 `json:"copySeconds"`
	Bytes       int64   `json:"bytes"`

	// Excluded are the tables whose rows were not copied; at most 32.
	Excluded []string `json:"excluded,omitempty"`
}

const (
	maxFinding  = 320
	maxExcluded = 32
	maxSeconds  = 1e7
)

// bound truncates texts and lists, and treats an unknown finding as Refused.
func (r *Rehearsal) bound() {
	for _, finding := range []*v1alpha1.Finding{&r.Downgrade, &r.Rolling} {
		if *finding != v1alpha1.FindingProven {
			*finding = v1alpha1.FindingRefused
		}
	}
	r.DowngradeReason, r.RollingReason = cut(r.DowngradeReason, maxFinding), cut(r.RollingReason, maxFinding)
	for _, seconds := range []*float64{&r.MigrateSeconds, &r.LockSeconds, &r.CopySeconds} {
		*seconds = min(max(*seconds, 0), maxSeconds)
	}
	r.Bytes = max(r.Bytes, 0)
	r.LockTables = max(r.LockTables, 0)
	r.Excluded = r.Excluded[:min(len(r.Excluded), maxExcluded)]
	for i, name := range r.Excluded {
		r.Excluded[i] = cut(name, maxRevision)
	}
}
