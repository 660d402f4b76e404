// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// These types are in four CRDs, and that of a connection twice: keep each description short.

// DatabaseSpec is the metadata database.
type DatabaseSpec struct {
	DatabaseConnection `json:",inline"`

	// jobs is another connection to the same database, for the Jobs of a Superset except
	// verify: as the role that owns the schema, or past a pooler. Preflight proves that both
	// reach one database. Default: the connection above.
	// +optional
	Jobs *DatabaseConnection `json:"jobs,omitempty"`
}

// DatabaseConnection is a connection to the metadata database: uriFrom, or its parts.
// +kubebuilder:validation:XValidation:rule="has(self.uriFrom) != has(self.host)",message="set exactly one of uriFrom and host: uriFrom names a Secret key with the whole URI, host begins the parts of a connection"
// +kubebuilder:validation:XValidation:rule="!has(self.uriFrom) || !(has(self.driver) || has(self.port) || has(self.name) || has(self.user) || has(self.userFrom) || has(self.passwordFrom) || has(self.tls))",message="uriFrom has the whole connection: remove driver, port, name, user, userFrom, passwordFrom and tls, or set host instead of uriFrom"
// +kubebuilder:validation:XValidation:rule="!has(self.host) || has(self.name) && has(self.user) != has(self.userFrom)",message="a connection by parts needs name, and exactly one of user and userFrom"
type DatabaseConnection struct {
	// uriFrom names the Secret key that contains the SQLAlchemy URI of the metadata
	// database, for example postgresql+psycopg2://user:password@host:5432/superset.
	// +optional
	URIFrom *SecretKeyReference `json:"uriFrom,omitempty"`

	// driver is the dialect and driver of SQLAlchemy; the image must contain the driver. For
	// another one set uriFrom. Default: postgresql+psycopg2.
	// +optional
	// +kubebuilder:validation:Enum=postgresql+psycopg2;mysql+mysqldb
	Driver DatabaseDriver `json:"driver,omitempty"`

	// host is the name or the address of the server, such as db.example.
	// +optional
	Host Host `json:"host,omitempty"`

	// port of the server. Default: 5432, or 3306 for MySQL.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port *int32 `json:"port,omitempty"`

	// name of the database, without a question mark, such as superset.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^?[:cntrl:][:space:]]([^?[:cntrl:]]*[^?[:cntrl:][:space:]])?$')",message="name is a database without ? and line breaks, and without spaces at its ends: write for example superset; options go into uriFrom"
	Name string `json:"name,omitempty"`

	// user is the role; quoting is the operator's. Not together with userFrom.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	User string `json:"user,omitempty"`

	// userFrom names the Secret key that contains the role.
	// +optional
	UserFrom *SecretKeyReference `json:"userFrom,omitempty"`

	// passwordFrom names the Secret key that contains the password as it is; quoting is the
	// operator's. Default: no password.
	// +optional
	PasswordFrom *SecretKeyReference `json:"passwordFrom,omitempty"`

	// tls encrypts the connection. Default: as the driver does.
	// +optional
	TLS *TLSSpec `json:"tls,omitempty"`
}

// DatabaseDriver is a dialect and driver of SQLAlchemy.
type DatabaseDriver string

const (
	// DriverPostgreSQL is psycopg2.
	DriverPostgreSQL DatabaseDriver = "postgresql+psycopg2"
	// DriverMySQL is mysqlclient, for MySQL and MariaDB.
	DriverMySQL DatabaseDriver = "mysql+mysqldb"
)

// Host is the name or the address of a server.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$|^[0-9A-Fa-f:.]+$')",message="host is a name or an address alone: write for example db.example or 2001:db8::1, and the port into port"
type Host string

// TLSMode is what is checked of a server.
type TLSMode string

const (
	// TLSRequire encrypts, and checks nothing.
	TLSRequire TLSMode = "require"
	// TLSVerifyCA checks who has signed the certificate.
	TLSVerifyCA TLSMode = "verify-ca"
	// TLSVerifyFull checks that the certificate is that of host, too.
	TLSVerifyFull TLSMode = "verify-full"
)

// TLSSpec says how a connection is encrypted.
// +kubebuilder:validation:XValidation:rule="!has(self.mode) || self.mode == 'require' || has(self.caFrom)",message="verify-ca and verify-full need a certificate to trust: set caFrom, or mode: require"
// +kubebuilder:validation:XValidation:rule="has(self.certFrom) == has(self.keyFrom)",message="a client certificate has a key: set certFrom and keyFrom, or neither"
type TLSSpec struct {
	// mode is what is checked of the server: require (nothing), verify-ca (who has signed its
	// certificate) or verify-full (its host name, too). Default: verify-full with caFrom,
	// otherwise require.
	// +optional
	// +kubebuilder:validation:Enum=require;verify-ca;verify-full
	Mode TLSMode `json:"mode,omitempty"`

	// caFrom has the certificates to trust, in PEM.
	// +optional
	CAFrom *KeySource `json:"caFrom,omitempty"`

	// certFrom names the Secret key with the client certificate, in PEM.
	// +optional
	CertFrom *SecretKeyReference `json:"certFrom,omitempty"`

	// keyFrom names the Secret key with its private key, in PEM, without a passphrase.
	// +optional
	KeyFrom *SecretKeyReference `json:"keyFrom,omitempty"`
}

// KeySource names one key of a Secret or of a ConfigMap.
// +kubebuilder:validation:XValidation:rule="has(self.secretKeyRef) != has(self.configMapKeyRef)",message="set exactly one of secretKeyRef and configMapKeyRef"
type KeySource struct {
	// secretKeyRef is a key of a Secret.
	// +optional
	SecretKeyRef *SecretKeyReference `json:"secretKeyRef,omitempty"`

	// configMapKeyRef is a key of a ConfigMap.
	// +optional
	ConfigMapKeyRef *ConfigMapKeyReference `json:"configMapKeyRef,omitempty"`
}

// CacheSpec is the Redis or Valkey server: urlFrom, or its parts.
// +kubebuilder:validation:XValidation:rule="has(self.urlFrom) != has(self.host)",message="set exactly one of urlFrom and host: urlFrom names a Secret key with the whole URL, host begins the parts of a connection"
// +kubebuilder:validation:XValidation:rule="!has(self.urlFrom) || !(has(self.port) || has(self.user) || has(self.passwordFrom) || has(self.databases) || has(self.tls))",message="urlFrom has the whole connection: remove port, user, passwordFrom, databases and tls, or set host instead of urlFrom"
type CacheSpec struct {
	// urlFrom names the Secret key that contains the URL, for example
	// redis://:password@host:6379/0 (rediss:// for TLS). Caches, results backend
	// and Celery broker all use it, with different key prefixes. Redis Sentinel is not
	// supported: name a Service or proxy that leads to the primary.
	// +optional
	URLFrom *SecretKeyReference `json:"urlFrom,omitempty"`

	// host is the name or the address of the server, such as redis.example.
	// +optional
	Host Host `json:"host,omitempty"`

	// port of the server. Default: 6379.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port *int32 `json:"port,omitempty"`

	// user is the user of Redis; quoting is the operator's. Default: Redis's default user.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	User string `json:"user,omitempty"`

	// passwordFrom names the Secret key that contains the password as it is; quoting is the
	// operator's. Default: no password.
	// +optional
	PasswordFrom *SecretKeyReference `json:"passwordFrom,omitempty"`

	// databases are the numbers of the Redis databases. Default: 0 for all.
	// +optional
	Databases *CacheDatabases `json:"databases,omitempty"`

	// tls encrypts the connection. Default: none.
	// +optional
	TLS *TLSSpec `json:"tls,omitempty"`

	// broker is another Celery broker, such as RabbitMQ.
	// +optional
	Broker *URLSource `json:"broker,omitempty"`

	// resultBackend is another place for the results of Celery.
	// +optional
	ResultBackend *URLSource `json:"resultBackend,omitempty"`

	// keyPrefix is put before every key and queue. Supersets on one Redis database need
	// one each. Changing it stops every tier, and tasks that are queued under the
	// previous one do not run. Default: none.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('^[a-z0-9]([a-z0-9_.-]*[a-z0-9])?$')",message="keyPrefix must consist of lower-case letters, digits, and -, _ or . between them: write for example bi"
	KeyPrefix string `json:"keyPrefix,omitempty"`
}

// CacheDatabases are numbers of Redis databases.
type CacheDatabases struct {
	// cache is that of the caches and of the results of SQL Lab. Default: 0.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=65535
	Cache int32 `json:"cache,omitempty"`

	// celery is that of the broker and of the results of Celery. Default: 0.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=65535
	Celery int32 `json:"celery,omitempty"`
}

// URLSource is where a URL is.
type URLSource struct {
	// urlFrom names the Secret key that contains the URL, as Celery reads it, for example
	// amqp://user:password@host:5672/vhost. The image must contain what the scheme needs.
	// +required
	URLFrom SecretKeyReference `json:"urlFrom"`
}
