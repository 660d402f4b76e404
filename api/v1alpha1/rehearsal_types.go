// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RehearsalPolicy selects the upgrades that are rehearsed on a copy of the database.
// +kubebuilder:validation:Enum=Never;WhenNotAdditive;Always
type RehearsalPolicy string

const (
	// RehearsalNever rehearses no upgrade.
	RehearsalNever RehearsalPolicy = "Never"
	// RehearsalWhenNotAdditive rehearses upgrades with a migration that static analysis
	// classifies as not additive, or that could not be classified.
	RehearsalWhenNotAdditive RehearsalPolicy = "WhenNotAdditive"
	// RehearsalAlways rehearses every upgrade that migrates.
	RehearsalAlways RehearsalPolicy = "Always"
)

// RehearsalJobSpec configures the copy of the database that a rehearsal uses.
// +kubebuilder:validation:XValidation:rule="!has(self.scratchURIFrom) || !has(self.size)",message="size is for the database that the Job runs: remove size, or remove scratchURIFrom"
type RehearsalJobSpec struct {
	// image with PostgreSQL's server and client programs, not older than the
	// database's server. Default: postgres:17.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// size is how much of the node's disk the copy may use. Default: 10Gi.
	// +optional
	Size *resource.Quantity `json:"size,omitempty"`

	// excludeData lists tables that are copied without their rows. Default: [logs].
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	ExcludeData []string `json:"excludeData,omitempty"`

	// scratchURIFrom names the URI of an empty PostgreSQL database to copy to. Each
	// rehearsal deletes everything in it. Default: none; the Job runs a database.
	// +optional
	ScratchURIFrom *SecretKeyReference `json:"scratchURIFrom,omitempty"`
}

// Finding is the result of one test of a rehearsal.
type Finding string

const (
	// FindingProven means that the test succeeded on the copy.
	FindingProven Finding = "Proven"
	// FindingRefused means that the test failed on the copy, or could not be run.
	FindingRefused Finding = "Refused"
)

// RehearsalStatus is the result of a rehearsal.
type RehearsalStatus struct {
	// revision of the schema in the copy.
	// +optional
	Revision string `json:"revision,omitempty"`
	// downgrade is Proven if the downgrade restored schema and rows.
	Downgrade Finding `json:"downgrade"`
	// downgradeReason is the error or the first difference.
	// +optional
	DowngradeReason string `json:"downgradeReason,omitempty"`
	// rolling is Proven if the old image served on the migrated copy.
	Rolling Finding `json:"rolling"`
	// rollingReason is the first error.
	// +optional
	RollingReason string `json:"rollingReason,omitempty"`
	// migrateSeconds is the duration of the migration, rounded up.
	// +optional
	MigrateSeconds int64 `json:"migrateSeconds,omitempty"`
	// lockTables is the number of tables that the migration locked.
	// +optional
	LockTables int32 `json:"lockTables,omitempty"`
	// lockTime is how long they were locked.
	// +optional
	LockTime *metav1.Duration `json:"lockTime,omitempty"`
	// bytes is the size of the copy.
	// +optional
	Bytes int64 `json:"bytes,omitempty"`
	// seconds is the duration of the copying, rounded up.
	// +optional
	Seconds int64 `json:"seconds,omitempty"`
	// excluded lists the tables whose rows were not copied.
	// +optional
	// +listType=atomic
	Excluded []string `json:"excluded,omitempty"`
}
