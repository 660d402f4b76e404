// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// PackageRequirement is a Python package, which versions of it are accepted, and their hashes.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=400
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?([[][A-Za-z0-9._,-]+[]])?((==|>=|<=|~=|!=|<|>)[A-Za-z0-9.*+!_-]+(,(==|>=|<=|~=|!=|<|>)[A-Za-z0-9.*+!_-]+)*)?( --hash=sha256:[0-9a-f]{64})*$')",message="write the name of a package and versions without spaces, such as psycopg2-binary or clickhouse-connect>=0.7,<1; what is not a wheel of an index (a URL, a path, a repository) goes into an image of your own"
// +kubebuilder:validation:XValidation:rule="!self.contains(' --hash=') || self.matches('^[^<>=!~ ]+==[^,* ]+ ')",message="a hash is that of one version: write for example psycopg2-binary==2.9.10 --hash=sha256:... with one hash for each file, or remove the hashes"
type PackageRequirement string

// PinnedPackage is one version of a Python package, and the hashes of its files.
// +kubebuilder:validation:MaxLength=400
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?==[A-Za-z0-9.+!_-]+( --hash=sha256:[0-9a-f]{64})*$')",message="a component installs exactly what is written: write one version, such as psycopg2-binary==2.9.10, and the packages that it needs"
type PinnedPackage string

// PackagesIndexSpec is where packages come from.
// +kubebuilder:validation:XValidation:rule="has(self.url) || !has(self.authFrom)",message="credentials are for one index: set url, or remove authFrom"
type PackagesIndexSpec struct {
	// url of a simple index (PEP 503), without credentials. No other index is asked. Default:
	// as pip of the image is configured.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^@?#/[:space:]]+(/[^@?#[:space:]]*)?$')",message="write the address of a simple index, such as https://packages.example.com/simple; credentials go into authFrom"
	URL string `json:"url,omitempty"`

	// authFrom names a Secret with the keys username and password. Default: no credentials.
	// +optional
	AuthFrom *SecretReference `json:"authFrom,omitempty"`

	// caFrom has the certificates to trust, in PEM. Default: those of the image.
	// +optional
	CAFrom *KeySource `json:"caFrom,omitempty"`
}

// SecretReference names a Secret in the same namespace.
type SecretReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}
