// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// VerifySpec configures additional smoke tests. They are skipped for a first install,
// where no user exists yet, and for a rollback, which must not depend on them.
// +kubebuilder:validation:XValidation:rule="!has(self.charts) || has(self.loginFrom)",message="charts are read as a user: set loginFrom to the name of a Secret"
type VerifySpec struct {
	// loginFrom names the Secret of a user of Superset (AUTH_DB), as whom preflight and
	// Verify log in. Default: none.
	// +optional
	LoginFrom *LoginReference `json:"loginFrom,omitempty"`

	// charts are the ids of charts to read before and after the upgrade, without
	// caches. A chart that could be read before must have the same columns after, and
	// rows if it had any. Default: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:Minimum=1
	Charts []int32 `json:"charts,omitempty"`

	// soak is how long the release must serve, without a container restart, before it
	// is verified: 0s to 24h. It is added to the deadline of Verify. Default: 0s.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s') && duration(self) <= duration('24h')",message="soak must be between 0s and 24h, for example 10m"
	Soak *metav1.Duration `json:"soak,omitempty"`

	// prometheus has alert conditions that must not be true, before the upgrade and
	// after all other checks of Verify. Default: none.
	// +optional
	Prometheus *PrometheusSpec `json:"prometheus,omitempty"`
}

// PrometheusSpec is a server with the Prometheus API, and the queries to run.
type PrometheusSpec struct {
	// url is the base URL of the API, without /api/v1/query.
	// +required
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="isURL(self) && self.matches('^https?://[^/@?# ]+(/[^@?# ]*)?$')",message="url must be http:// or https:// with a host, and optionally a port and a path, for example http://prometheus.monitoring.svc:9090; put credentials into tokenFrom"
	URL string `json:"url"`

	// tokenFrom names the Secret key with a bearer token. Default: none.
	// +optional
	TokenFrom *SecretKeyReference `json:"tokenFrom,omitempty"`

	// queries are the conditions. If a query returns a sample, its check fails.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	Queries []PrometheusQuery `json:"queries"`
}

// PrometheusQuery is one condition that must not be true.
type PrometheusQuery struct {
	// name of the check, which is Query/<name> in status.
	// +required
	// +kubebuilder:validation:MaxLength=26
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$')",message="name must consist of letters and digits, with -, _ and . between them, for example errors"
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
	// usernameKey is the key of the user name. Default: username.
	// +optional
	// +kubebuilder:default=username
	// +kubebuilder:validation:MaxLength=253
	UsernameKey string `json:"usernameKey,omitempty"`
	// passwordKey is the key of the password. Default: password.
	// +optional
	// +kubebuilder:default=password
	// +kubebuilder:validation:MaxLength=253
	PasswordKey string `json:"passwordKey,omitempty"`
}
