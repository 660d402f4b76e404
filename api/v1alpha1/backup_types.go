// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RollbackChoice selects the rollback class: Auto, Image, Downgrade or Restore.
// +kubebuilder:validation:Enum=Auto;Image;Downgrade;Restore
type RollbackChoice string

const (
	// RollbackAuto chooses the first class that is known to be safe: Image, Downgrade
	// if it was rehearsed, Restore if there is a backup, otherwise none.
	RollbackAuto RollbackChoice = "Auto"
)

// BackupSpec says how the metadata database is backed up before it is migrated.
// +kubebuilder:validation:XValidation:rule="has(self.command) == has(self.restoreCommand)",message="command and restoreCommand belong together: set both or neither"
// +kubebuilder:validation:XValidation:rule="!has(self.command) || has(self.image)",message="command needs an image that contains it: set image"
type BackupSpec struct {
	// image with the database's client programs: pg_dump, pg_restore and psql, not
	// older than the server; or mysqldump and mysql. Default: postgres:17 or
	// mysql:8.4, depending on the database.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// claim is the PersistentVolumeClaim that stores the backups.
	// +optional
	Claim BackupClaim `json:"claim,omitzero"`

	// keep is the number of newest backups to keep in the claim: 1 to 10. A backup
	// can be restored as long as status.backups lists it. Default: 3.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10
	Keep *int32 `json:"keep,omitempty"`

	// command takes the backup instead of pg_dump or mysqldump. Any exit code other
	// than 0 is a failure. Its environment has the database's URI
	// (SUPERSET_DATABASE_URI), the name of the backup (SUPERSET_OPERATOR_BACKUP) and,
	// if claim has a name or a size, the path of a folder for this Superset only
	// (SUPERSET_OPERATOR_BACKUP_DIR), which it must create. keep does not apply to it.
	// Default: none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	Command []string `json:"command,omitempty"`

	// restoreCommand restores the backup named by SUPERSET_OPERATOR_BACKUP, so that
	// the database is at the revision in SUPERSET_OPERATOR_EXPECTED_REVISION. It must
	// be safe to run again. Default: none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	RestoreCommand []string `json:"restoreCommand,omitempty"`
}

// BackupClaim is the PersistentVolumeClaim that stores the backups.
// +kubebuilder:validation:XValidation:rule="!has(self.name) || !(has(self.size) || has(self.storageClassName))",message="name refers to an existing claim: remove size and storageClassName, or remove name"
type BackupClaim struct {
	// name of an existing claim. Default: the operator creates a claim named
	// <name of the Superset>-backups, which is kept when the Superset is deleted.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// size of the claim that the operator creates. Default: 10Gi.
	// +optional
	Size *resource.Quantity `json:"size,omitempty"`

	// storageClassName of the claim that the operator creates. Default: the
	// cluster's default storage class.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	StorageClassName *string `json:"storageClassName,omitempty"`
}

// BackupStatus describes one stored backup.
type BackupStatus struct {
	// name of the backup: r followed by the upgradeRevision of the run that took it.
	Name string `json:"name"`
	// revision of the schema in it.
	Revision string `json:"revision"`
	// takenAt is when the backup was taken. It does not contain later changes.
	TakenAt metav1.Time `json:"takenAt"`
	// bytes is its size; 0 if spec.upgrade.backup.command took it.
	// +optional
	Bytes int64 `json:"bytes,omitempty"`
	// sha256 of its file, in hexadecimal.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	SHA256 string `json:"sha256,omitempty"`
	// database is the Secret and key of the URI of the database, as name/key. The
	// backup is not restored for a release with a different reference.
	// +optional
	Database string `json:"database,omitempty"`
	// identity of the database that it was taken from; empty if it is not known.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Identity string `json:"identity,omitempty"`
	// secretKey is the Secret and key of the secret key that stored secrets in the
	// backup are encrypted with, as name/key. Empty if it was not certain: then the
	// backup is not used for a rollback.
	// +optional
	SecretKey string `json:"secretKey,omitempty"`
	// claim that stores the backup, even if spec names a different one later; empty if
	// spec.upgrade.backup.command stores it elsewhere.
	// +optional
	Claim string `json:"claim,omitempty"`
}

// RollbackStatus describes the rollback of a run.
type RollbackStatus struct {
	// class of the rollback.
	Class RollbackClass `json:"class"`
	// reason says why this class was chosen.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason,omitempty"`
	// revision of the schema after the rollback; empty if the schema does not change.
	// +optional
	Revision string `json:"revision,omitempty"`
	// release whose image downgrades the schema (Downgrade): the newer one.
	// +optional
	Release string `json:"release,omitempty"`
	// reencrypt is true if stored secrets are re-encrypted with the previous key
	// (Downgrade).
	// +optional
	Reencrypt bool `json:"reencrypt,omitempty"`
	// backup to restore (Restore).
	// +optional
	Backup string `json:"backup,omitempty"`
	// drops identifies the objects of others that the restore drops (Restore).
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Drops string `json:"drops,omitempty"`
	// fellBack says which class was tried before this one, and why it was abandoned.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	FellBack string `json:"fellBack,omitempty"`
}
