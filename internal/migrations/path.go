// SPDX-License-Identifier: Apache-2.0

package migrations

// Class is what a revision does to the version before it and to what is stored,
// by the text of its upgrade(). It errs on the safe side; only running it on a
// copy proves anything.
type Class string

// The classes, from harmless to serious.
const (
	// ClassAdditive: the version before neither sees nor misses anything. New
	// tables, new columns that it need not fill, wider types, indexes.
	ClassAdditive Class = "Additive"
	// ClassDataChanging: rows are rewritten, or constraints or types changed, so
	// that it may fail on what is stored. Also what the text does not tell.
	ClassDataChanging Class = "DataChanging"
	// ClassDestructive: what the version before reads or writes is gone or
	// refused. Tables, columns or rows go, or a type gets narrower.
	ClassDestructive Class = "Destructive"
)

// WayDown is what a revision's downgrade() does, by its text.
type WayDown string

// The downgrades.
const (
	// DowngradePresent undoes what the upgrade does; whether exactly, its text
	// does not tell.
	DowngradePresent WayDown = "Present"
	// DowngradeEmpty does nothing although the upgrade does something.
	DowngradeEmpty WayDown = "Empty"
	// DowngradeLossy drops what was written since the upgrade, or cannot bring
	// back what the upgrade dropped.
	DowngradeLossy WayDown = "Lossy"
)

// Path is what the revisions that an upgrade would cross do, by their text.
type Path struct {
	// Additive, DataChanging and Destructive count the revisions of each class:
	// together they are Result.PendingCount.
	Additive     int32 `json:"additive"`
	DataChanging int32 `json:"dataChanging"`
	Destructive  int32 `json:"destructive"`
	// DowngradeEmpty and DowngradeLossy count the revisions whose downgrade is
	// so; the others have one.
	DowngradeEmpty int32 `json:"downgradeEmpty"`
	DowngradeLossy int32 `json:"downgradeLossy"`
	// SecondConnection are the revisions that ask the database over a connection
	// of their own, in the order of the upgrade: with all its tables locked each
	// would wait for itself. At most 64, always empty for a database that was
	// never migrated.
	SecondConnection []string `json:"secondConnection,omitempty"`
	// CatalogDatabases is how many of the analytics databases defined (rows of
	// the table dbs) have an engine with catalogs. The revisions of 4.1 in
	// SecondConnection connect to each of those, and only then reach for their
	// second connection. An upper bound; 0 when SecondConnection is empty.
	CatalogDatabases int32 `json:"catalogDatabases,omitempty"`
	// Risky are the revisions that are not Additive, have no whole downgrade, or
	// want a second connection, the most serious first. Cut to what fits into a
	// result, at most 64; always empty for a database that was never migrated.
	Risky []RiskyRevision `json:"risky,omitempty"`
}

// RiskyRevision is one revision of a Path.
type RiskyRevision struct {
	Revision  string  `json:"revision"`
	Class     Class   `json:"class"`
	Downgrade WayDown `json:"downgrade"`
	// Why names what the class and the downgrade come from, in at most 160
	// characters.
	Why string `json:"why"`
}

// What a script may claim is bounded, as it runs in an image that is not ours.
const (
	maxRevisions = 64
	maxRevision  = 64
	maxWhy       = 160
)

// bound cuts what is too long, and takes a class or downgrade that it does not
// know for what cannot be told.
func (p *Path) bound() {
	for _, count := range []*int32{&p.Additive, &p.DataChanging, &p.Destructive, &p.DowngradeEmpty, &p.DowngradeLossy, &p.CatalogDatabases} {
		*count = max(*count, 0)
	}
	p.SecondConnection = p.SecondConnection[:min(len(p.SecondConnection), maxRevisions)]
	for i, revision := range p.SecondConnection {
		p.SecondConnection[i] = cut(revision, maxRevision)
	}
	p.Risky = p.Risky[:min(len(p.Risky), maxRevisions)]
	for i := range p.Risky {
		p.Risky[i].bound()
	}
}

func (r *RiskyRevision) bound() {
	r.Revision, r.Why = cut(r.Revision, maxRevision), cut(r.Why, maxWhy)
	switch r.Class {
	case ClassAdditive, ClassDataChanging, ClassDestructive:
	default:
		r.Class = ClassDataChanging
	}
	switch r.Downgrade {
	case DowngradePresent, DowngradeEmpty, DowngradeLossy:
	default:
		r.Downgrade = DowngradeEmpty
	}
}

// cut shortens a text to so many characters, with an ellipsis.
func cut(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit-1]) + "…"
}
