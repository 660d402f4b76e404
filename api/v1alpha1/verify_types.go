// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// VerifySpec is what Verify asks beside what it always does. A first install and a
// way back leave it out: there is nobody yet to log in as, and a way back must not
// depend on it.
// +kubebuilder:validation:XValidation:rule="!has(self.charts) || has(self.loginFrom)",message="charts are read as a user: write loginFrom with the name of a Secret"
type VerifySpec struct {
	// loginFrom is the user of Superset's own (AUTH_DB) to log in as, before and
	// after the upgrade. Default: none.
	// +optional
	LoginFrom *LoginReference `json:"loginFrom,omitempty"`

	// charts are ids of charts to read before and after, past the caches: one that
	// answered before must answer, with the same columns, and rows if it had any.
	// Default: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:Minimum=1
	Charts []int32 `json:"charts,omitempty"`

	// soak is how long what runs must go on to answer, without a restart of any
	// container, before it counts as verified; the deadline of Verify grows by it.
	// Default: 0s.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s') && duration(self) <= duration('24h')",message="soak must be from 0s to 24h: write for example 10m"
	Soak *metav1.Duration `json:"soak,omitempty"`

	// prometheus has conditions over metrics that must not hold, before the upgrade and
	// after all else that Verify does. Default: none.
	// +optional
	Prometheus *PrometheusSpec `json:"prometheus,omitempty"`
}

// PrometheusSpec is a server with the API of Prometheus, and what to ask it.
type PrometheusSpec struct {
	// url is the base of its API, which answers /api/v1/query.
	// +required
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="isURL(self) && self.matches('^https?://[^/@?# ]+(/[^@?# ]*)?$')",message="url must be http or https, a host, perhaps a port and a path: write for example http://prometheus.monitoring.svc:9090, and a credential into tokenFrom"
	URL string `json:"url"`

	// tokenFrom names the Secret key with a bearer token. Default: none.
	// +optional
	TokenFrom *SecretKeyReference `json:"tokenFrom,omitempty"`

	// queries are the conditions: any sample that one returns fails its check.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	Queries []PrometheusQuery `json:"queries"`
}

// PrometheusQuery is one condition that must not hold.
type PrometheusQuery struct {
	// name stands in status as Query/<name>.
	// +required
	// +kubebuilder:validation:MaxLength=26
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$')",message="name must be letters and digits, with -, _ and . between them: write for example errors"
	Name string `json:"name"`

	// expr is PromQL with a comparison, such as up{job="superset"} == 0.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Expr string `json:"expr"`
}

// LoginReference names a Secret with a user name and a password.
type LoginReference struct {
	// name of the Secret.
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// usernameKey in it. Default: username.
	// +optional
	// +kubebuilder:default=username
	// +kubebuilder:validation:MaxLength=253
	UsernameKey string `json:"usernameKey,omitempty"`
	// passwordKey in it. Default: password.
	// +optional
	// +kubebuilder:default=password
	// +kubebuilder:validation:MaxLength=253
	PasswordKey string `json:"passwordKey,omitempty"`
}
