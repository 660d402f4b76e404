// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RolesPolicy says what superset init does to the permissions of built-in roles.
// +kubebuilder:validation:Enum=Sync;Keep
type RolesPolicy string

const (
	// RolesSync lets superset init set the permissions of built-in roles to those of the release.
	RolesSync RolesPolicy = "Sync"
	// RolesKeep keeps the permissions that built-in roles have, and adds those that are new.
	RolesKeep RolesPolicy = "Keep"
)

// InitSpec says what the migrate Job does after superset init, in the order adminUser,
// loadExamples, importFrom, script. A step that fails fails the run; a rollback undoes none.
type InitSpec struct {
	// roles: Sync sets the permissions of Admin, Alpha, Gamma and sql_lab, and with
	// PUBLIC_ROLE_LIKE of Public, to those of the release, each time that superset init runs.
	// Keep keeps what they have, and adds permissions that did not exist before. The plan
	// says what changes. Default: Sync.
	// +optional
	Roles RolesPolicy `json:"roles,omitempty"`

	// adminUser is created with the role Admin unless a user of that name or email exists:
	// once per database. An existing user is not changed. Default: none.
	// +optional
	AdminUser *AdminUserSpec `json:"adminUser,omitempty"`

	// loadExamples runs superset load_examples, once per database. It needs
	// SQLALCHEMY_EXAMPLES_URI in config, and most releases download the data. Default: false.
	// +optional
	LoadExamples bool `json:"loadExamples,omitempty"`

	// importFrom are files to import, in this order, each once per database and content. An
	// import overwrites objects of the same UUID or name. At most 16. Default: none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	ImportFrom []ImportSource `json:"importFrom,omitempty"`

	// script is run by bash -e in each run that migrates or changes init: it must be
	// idempotent. It has the environment of the Jobs. At most 16 KiB; a longer one goes into
	// config.files. Do not put secrets into it. Default: none.
	// +optional
	// +kubebuilder:validation:MaxLength=16384
	Script string `json:"script,omitempty"`

	// revision is any text, such as a date. Another one runs superset init and all of this
	// again, for example after the content of importFrom has changed. Default: empty.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Revision string `json:"revision,omitempty"`
}

// AdminUserSpec is a user with the role Admin.
type AdminUserSpec struct {
	// username is the name to log in with. Default: admin.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^\\\\S(.*\\\\S)?$')",message="username begins and ends with a visible character: write for example admin"
	Username string `json:"username,omitempty"`

	// firstName of the user. Default: Superset.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	FirstName string `json:"firstName,omitempty"`

	// lastName of the user. Default: Admin.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	LastName string `json:"lastName,omitempty"`

	// email of the user; no other user may have it. Default: admin@superset.com.
	// +optional
	// +kubebuilder:validation:MaxLength=320
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^@\\\\s]+@[^@\\\\s]+$')",message="write an address such as admin@example.com"
	Email string `json:"email,omitempty"`

	// passwordFrom is the first password of the user. A later change of it has no effect.
	// +required
	PasswordFrom SecretKeyReference `json:"passwordFrom"`
}

// ImportKind is what a file to import contains.
// +kubebuilder:validation:Enum=Datasources;Dashboards
type ImportKind string

const (
	// ImportDatasources is YAML with databases, or the ZIP of an export of datasets.
	ImportDatasources ImportKind = "Datasources"
	// ImportDashboards is the ZIP of an export of dashboards, or JSON of an old one.
	ImportDashboards ImportKind = "Dashboards"
)

// ImportSource is a file to import.
type ImportSource struct {
	// kind: Datasources for import_datasources (YAML or ZIP), Dashboards for
	// import_dashboards (ZIP or JSON).
	// +required
	Kind ImportKind `json:"kind"`

	KeySource `json:",inline"`
}

// InitResult is what a step of spec.init has done.
// +kubebuilder:validation:Enum=Done;Skipped;Failed
type InitResult string

const (
	// InitDone means that the step has changed the database.
	InitDone InitResult = "Done"
	// InitSkipped means that there was nothing to do.
	InitSkipped InitResult = "Skipped"
	// InitFailed means that the step has failed; those after it did not run.
	InitFailed InitResult = "Failed"
)

// InitStep is the result of a step of spec.init.
type InitStep struct {
	// step is the path below spec.init, such as importFrom[0].
	Step string `json:"step"`
	// result: Done, Skipped or Failed.
	Result InitResult `json:"result"`
	// message says why.
	// +optional
	Message string `json:"message,omitempty"`
}

// InitStatus is what the last migrate Job that reached spec.init has done of it.
type InitStatus struct {
	// at is when the Job ended.
	At metav1.Time `json:"at"`
	// release is the hash of the release of the Job.
	Release string `json:"release"`
	// steps in their order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Steps []InitStep `json:"steps,omitempty"`
}
