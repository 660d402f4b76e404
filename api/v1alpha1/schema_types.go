// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// SchemaStatus is the state of the metadata database.
type SchemaStatus struct {
	// database is the dialect: postgresql, mysql or sqlite.
	// +optional
	Database string `json:"database,omitempty"`

	// identity identifies the database on its server, whatever its address is.
	// +optional
	Identity string `json:"identity,omitempty"`

	// revision is the alembic revision last read from the database; empty if it was
	// never migrated.
	// +optional
	Revision string `json:"revision,omitempty"`

	// possibleRevision is the revision that the database may have instead: a migration to
	// it ended without a result. Empty once a Job has read the database.
	// +optional
	PossibleRevision string `json:"possibleRevision,omitempty"`

	// aheadAfterRollback is true if an Image rollback left the schema newer than the
	// running release. Only exactly that revision is accepted.
	// +optional
	AheadAfterRollback bool `json:"aheadAfterRollback,omitempty"`

	// halfMigrated is true if the schema is partially migrated: a migration or
	// downgrade failed on a database without transactional DDL. Restore a backup.
	// +optional
	HalfMigrated bool `json:"halfMigrated,omitempty"`

	// secretKey is the Secret and key, as name/key, of the secret key with which a run
	// has started to re-encrypt stored secrets. Empty after the release is verified:
	// then it is the key of that release.
	// +optional
	SecretKey string `json:"secretKey,omitempty"`
}
