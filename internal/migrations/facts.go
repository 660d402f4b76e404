// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Facts are what preflight and the backup check read about the database, the broker, the image
// and the claim, besides the schema. A script that does not know one leaves it empty. None is
// part of the plan's hash.
type Facts struct {
	// Tables is true if the database has no alembic revision for this connection, but a table
	// of Superset (dbs or ab_user). Such a database is not empty.
	Tables bool `json:"tables,omitempty"`
	// TablesIn is the schema of these tables; empty if Tables is false. On PostgreSQL it may
	// differ from the schema that Superset would use, if the search_path differs. At most 63
	// characters.
	TablesIn string `json:"tablesIn,omitempty"`
	// Identity identifies the database, also after its address changed: the dialect, the
	// server's identifier and the database, separated by slashes. At most 128 characters;
	// empty if it cannot be read or does not exist yet. Backup and migrate report it, too, and
	// a restore that is not begun.
	Identity string `json:"identity,omitempty"`
	// Sessions are other sessions on the database by application name, the most frequent
	// first; at most 8. Sessions that the role may not see are missing.
	Sessions []Session `json:"sessions,omitempty"`
	// Workers are Celery workers that answer on the broker and are not of this Superset, in
	// alphabetical order; at most 8. WorkerCount is the number of all of them.
	Workers     []string `json:"workers,omitempty"`
	WorkerCount int32    `json:"workerCount,omitempty"`
	// Beat names the tasks of the schedule that only another beat can have sent, if it was
	// noticed: workers that are not of this Superset have started them. At most 128 characters.
	Beat string `json:"beat,omitempty"`
	// Package is the version of the installed apache-superset package (PEP 440), such as
	// 6.0.0rc1; at most 64 characters. VersionNote describes why another version than
	// spec.version is accepted; empty if they are the same. At most 128 characters.
	Package     string `json:"package,omitempty"`
	VersionNote string `json:"versionNote,omitempty"`
	// UnknownSettings are upper-case names that spec.config.raw assigns and that neither the
	// target's own configuration nor the libraries that read it know, in alphabetical order; at
	// most 16. A helper variable of the user is listed, too.
	UnknownSettings []string `json:"unknownSettings,omitempty"`
	// Web says whether the Job reached web, of preflight and verify; empty if it did not try.
	// WebWhy is the error if it did not; at most 128 characters.
	Web    v1alpha1.WebAccess `json:"web,omitempty"`
	WebWhy string             `json:"webWhy,omitempty"`
	// Pooler says which connections lead to a pooler in transaction mode; empty for none, or if the
	// Jobs have no connection of their own. At most 128 characters.
	Pooler string `json:"pooler,omitempty"`
	// BackupNote is what the backup check found and does not refuse, such as little space in
	// the claim; empty for nothing. At most 128 characters.
	BackupNote string `json:"backupNote,omitempty"`
	// Roles are the built-in roles that superset init of the image would change, with the numbers of
	// the permissions that it would give and take, such as "Gamma +1 -2"; empty for none. At most
	// 128 characters.
	Roles string `json:"roles,omitempty"`
	// Drops is a digest of the objects of others that a restore drops; empty for none. At most
	// 64 characters.
	Drops string `json:"drops,omitempty"`
}

// Session is a group of database sessions with the same application name.
type Session struct {
	// Name is the application name on PostgreSQL and the user on MySQL; at most 64 characters.
	// It is empty for sessions without a name.
	Name string `json:"name"`
	// Count is the number of sessions; at least 1.
	Count int32 `json:"count"`
}

// Limits for the facts in a result.
const (
	maxSessions = 8
	maxWorkers  = 8
	maxSettings = 16
	maxFact     = 64  // characters of a name or a version
	maxIdentity = 128 // characters; also of a note
	maxSchema   = 63  // characters
)

// bound truncates texts and lists, and drops invalid values.
func (f *Facts) bound() {
	f.TablesIn, f.Identity = cut(f.TablesIn, maxSchema), cut(f.Identity, maxIdentity)
	if !f.Tables {
		f.TablesIn = ""
	}
	f.Beat, f.Package, f.VersionNote = cut(f.Beat, maxIdentity), cut(f.Package, maxFact), cut(f.VersionNote, maxIdentity)
	f.Pooler = cut(f.Pooler, maxIdentity)
	f.BackupNote, f.Drops = cut(f.BackupNote, maxIdentity), cut(f.Drops, maxFact)
	f.Roles = cut(f.Roles, maxIdentity)
	f.Sessions = f.Sessions[:min(len(f.Sessions), maxSessions)]
	for i := range f.Sessions {
		f.Sessions[i].Name = cut(strings.ToValidUTF8(f.Sessions[i].Name, "?"), maxFact)
		f.Sessions[i].Count = max(f.Sessions[i].Count, 1)
	}
	f.Workers = cutAll(f.Workers, maxWorkers)
	f.WorkerCount = max(f.WorkerCount, int32(len(f.Workers)))
	if f.Web != v1alpha1.WebReachable && f.Web != v1alpha1.WebUnreachable {
		f.Web = ""
	}
	f.WebWhy = cut(f.WebWhy, maxIdentity)
	f.UnknownSettings = cutAll(f.UnknownSettings, maxSettings)
}

// cutAll shortens a list to limit entries, and each entry to maxFact characters.
func cutAll(list []string, limit int) []string {
	list = list[:min(len(list), limit)]
	for i, entry := range list {
		list[i] = cut(entry, maxFact)
	}
	return list
}
