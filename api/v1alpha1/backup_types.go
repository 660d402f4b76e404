// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RollbackChoice is what a user says of the way back.
// +kubebuilder:validation:Enum=Auto;Image;Downgrade;Restore
type RollbackChoice string

const (
	// RollbackAuto takes the class that is known to be safe: Image, else a Downgrade
	// that was rehearsed, else Restore where there is a backup, else none.
	RollbackAuto RollbackChoice = "Auto"
)

// BackupSpec says how the metadata database is backed up before it is migrated.
// +kubebuilder:validation:XValidation:rule="has(self.command) == has(self.restoreCommand)",message="command and restoreCommand are a pair: write both, or neither"
// +kubebuilder:validation:XValidation:rule="!has(self.command) || has(self.image)",message="command needs an image that has it: write image"
type BackupSpec struct {
	// image that has the database's client: pg_dump, pg_restore and psql, not older
	// than the server; or mysqldump and mysql. Default: postgres:17 or mysql:8.4,
	// by the database.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// claim is where the backups are kept.
	// +optional
	Claim BackupClaim `json:"claim,omitzero"`

	// keep is how many backups stay in the claim, the newest: 1 to 10. A backup
	// is of use as long as status.backups lists it. Default: 3.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10
	Keep *int32 `json:"keep,omitempty"`

	// command takes the backup in the place of pg_dump or mysqldump: any exit code
	// but 0 is a failure. It finds the database's URI in SUPERSET_DATABASE_URI, the
	// name of the backup in SUPERSET_OPERATOR_BACKUP and, where claim has a name or a
	// size, a folder for this Superset's alone in SUPERSET_OPERATOR_BACKUP_DIR (make
	// it). It keeps as many backups as it likes. Default: none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	Command []string `json:"command,omitempty"`

	// restoreCommand puts back the backup that SUPERSET_OPERATOR_BACKUP names, so
	// that the database is at the revision in SUPERSET_OPERATOR_EXPECTED_REVISION.
	// It may be run a second time. Default: none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	RestoreCommand []string `json:"restoreCommand,omitempty"`
}

// BackupClaim is the PersistentVolumeClaim that backups are kept in.
// +kubebuilder:validation:XValidation:rule="!has(self.name) || !(has(self.size) || has(self.storageClassName))",message="name is a claim that exists: leave size and storageClassName out"
type BackupClaim struct {
	// name of a claim that exists. Default: the operator makes one with the name of
	// the Superset and -backups, which outlives the Superset.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// size of the claim that the operator makes. Default: 10Gi.
	// +optional
	Size *resource.Quantity `json:"size,omitempty"`

	// storageClassName of the claim that the operator makes. Default: the
	// cluster's default class.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	StorageClassName *string `json:"storageClassName,omitempty"`
}

// BackupStatus is one backup that is kept.
type BackupStatus struct {
	// name of the backup: r and the upgradeRevision that took it.
	Name string `json:"name"`
	// revision of the schema in it.
	Revision string `json:"revision"`
	// takenAt is when it was taken: what is written later is not in it.
	TakenAt metav1.Time `json:"takenAt"`
	// bytes that it takes; 0 for one of a command of the user's.
	// +optional
	Bytes int64 `json:"bytes,omitempty"`
	// sha256 of its file, in hexadecimal digits.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	SHA256 string `json:"sha256,omitempty"`
	// database names the Secret and key of the URI of what was backed up, with a slash
	// between: a release that uses another one is never taken back by it.
	// +optional
	Database string `json:"database,omitempty"`
	// secretKey names the Secret and key that what is stored in it is encrypted with,
	// with a slash between; empty when that was not certain, so that it is of no use for
	// a way back.
	// +optional
	SecretKey string `json:"secretKey,omitempty"`
	// claim that it is kept in, whatever spec names later; empty for one that a command
	// of the user's keeps elsewhere.
	// +optional
	Claim string `json:"claim,omitempty"`
}

// RollbackStatus is the way back that a run takes.
type RollbackStatus struct {
	// class of the way back.
	Class RollbackClass `json:"class"`
	// reason says why this class.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason,omitempty"`
	// revision that the schema is to have afterwards; empty where it stays.
	// +optional
	Revision string `json:"revision,omitempty"`
	// release whose image takes the database back (Downgrade): the newer one.
	// +optional
	Release string `json:"release,omitempty"`
	// reencrypt is true when what is stored is encrypted with the key before once
	// more (Downgrade).
	// +optional
	Reencrypt bool `json:"reencrypt,omitempty"`
	// backup that is put back (Restore).
	// +optional
	Backup string `json:"backup,omitempty"`
	// fellBack says what was tried before this class, and why it was given up.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	FellBack string `json:"fellBack,omitempty"`
}
