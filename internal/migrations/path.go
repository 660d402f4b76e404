// SPDX-License-Identifier: Apache-2.0

package migrations

// Path classifies the revisions that an upgrade has to apply, by a table of those of official
// releases, or else by the text of their scripts. The classes are estimates that err on the safe
// side; only running the migration on a copy proves anything. The class and downgrade of each
// revision are in the Job's log.
type Path struct {
	// Additive, DataChanging, Destructive and Unknown are the numbers of revisions of each class.
	// Their sum is Result.PendingCount.
	//
	// Additive revisions do not affect the previous version: new tables, new columns that it
	// need not fill, wider types, indexes.
	Additive int32 `json:"additive"`
	// DataChanging revisions rewrite rows, or change constraints or types, so that they may
	// fail on existing data.
	DataChanging int32 `json:"dataChanging"`
	// Destructive revisions remove or reject something that the previous version reads or
	// writes: tables, columns, rows, or a type that becomes narrower.
	Destructive int32 `json:"destructive"`
	// Unknown revisions are not in the table, and their scripts are not understood. They may be
	// anything: their downgrades count as lossy, unless they are empty.
	Unknown int32 `json:"unknown,omitempty"`
	// DowngradeEmpty is the number of revisions whose downgrade does nothing although the
	// upgrade does something.
	DowngradeEmpty int32 `json:"downgradeEmpty"`
	// DowngradeLossy is the number of revisions whose downgrade drops data that was written
	// since the upgrade, or cannot restore what the upgrade dropped.
	DowngradeLossy int32 `json:"downgradeLossy"`
	// SecondConnection are the revisions that may open their own connection to the database, in
	// the order of the upgrade. With all tables locked such a revision would wait for itself.
	// At most 64; empty for a database that was never migrated.
	SecondConnection []string `json:"secondConnection,omitempty"`
}

// NotAdditive is the number of revisions that are not known to leave the previous version alone.
func (p *Path) NotAdditive() int32 { return p.DataChanging + p.Destructive + p.Unknown }

// Limits for the values of a result, because the image that writes it is not trusted.
const (
	maxRevisions = 64
	maxRevision  = 64 // characters
)

// bound truncates texts and lists, and drops invalid values.
func (p *Path) bound() {
	for _, count := range []*int32{&p.Additive, &p.DataChanging, &p.Destructive, &p.Unknown, &p.DowngradeEmpty, &p.DowngradeLossy} {
		*count = max(*count, 0)
	}
	p.SecondConnection = p.SecondConnection[:min(len(p.SecondConnection), maxRevisions)]
	for i, revision := range p.SecondConnection {
		p.SecondConnection[i] = cut(revision, maxRevision)
	}
}

// cut shortens a text to at most limit characters, with an ellipsis.
func cut(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit-1]) + "…"
}
