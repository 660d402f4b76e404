// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RehearsalPolicy says which upgrades are tried on a copy of the database first.
// +kubebuilder:validation:Enum=Never;WhenNotAdditive;Always
type RehearsalPolicy string

const (
	// RehearsalNever tries none.
	RehearsalNever RehearsalPolicy = "Never"
	// RehearsalWhenNotAdditive tries those that cross a migration which is not
	// additive by its text, or of which nothing is known.
	RehearsalWhenNotAdditive RehearsalPolicy = "WhenNotAdditive"
	// RehearsalAlways tries every upgrade that migrates.
	RehearsalAlways RehearsalPolicy = "Always"
)

// RehearsalJobSpec says where a rehearsal keeps its copy, and what is in it.
// +kubebuilder:validation:XValidation:rule="!has(self.scratchURIFrom) || !has(self.size)",message="size is of the copy beside the Job: leave it out with scratchURIFrom"
type RehearsalJobSpec struct {
	// image with PostgreSQL's server and client, not older than the database's
	// server. Default: postgres:17.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// size is how much of the node's disk the copy may take. Default: 10Gi.
	// +optional
	Size *resource.Quantity `json:"size,omitempty"`

	// excludeData are tables that are copied without their rows. Default: [logs].
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	ExcludeData []string `json:"excludeData,omitempty"`

	// scratchURIFrom names the URI of an empty PostgreSQL database to copy to, in the
	// place of one beside the Job. Each rehearsal empties it. Default: none.
	// +optional
	ScratchURIFrom *SecretKeyReference `json:"scratchURIFrom,omitempty"`
}

// Finding is what a rehearsal says of a way.
type Finding string

const (
	// FindingProven went well on the copy.
	FindingProven Finding = "Proven"
	// FindingRefused did not.
	FindingRefused Finding = "Refused"
)

// RehearsalStatus is what was found on a copy of the database.
type RehearsalStatus struct {
	// revision of the schema in the copy.
	// +optional
	Revision string `json:"revision,omitempty"`
	// downgrade is Proven when schema and rows came back as they were.
	Downgrade Finding `json:"downgrade"`
	// downgradeReason is the error or first difference.
	// +optional
	DowngradeReason string `json:"downgradeReason,omitempty"`
	// rolling is Proven when the old image answered on the migrated copy.
	Rolling Finding `json:"rolling"`
	// rollingReason is the first error.
	// +optional
	RollingReason string `json:"rollingReason,omitempty"`
	// migrateSeconds that the migration took, rounded up.
	// +optional
	MigrateSeconds int64 `json:"migrateSeconds,omitempty"`
	// lockTables is how many tables it locked.
	// +optional
	LockTables int32 `json:"lockTables,omitempty"`
	// lockTime is for how long.
	// +optional
	LockTime *metav1.Duration `json:"lockTime,omitempty"`
	// bytes that the copy took.
	// +optional
	Bytes int64 `json:"bytes,omitempty"`
	// seconds that copying took, rounded up.
	// +optional
	Seconds int64 `json:"seconds,omitempty"`
	// excluded tables' rows were not copied.
	// +optional
	// +listType=atomic
	Excluded []string `json:"excluded,omitempty"`
}
