// SPDX-License-Identifier: Apache-2.0

package superset

// Environment variables of every pod and Job that runs Superset. The values of the
// first three come by secretKeyRef alone and never stand in any object or log.
const (
	// EnvSecretKey signs sessions and encrypts stored passwords. Superset itself
	// reads this name too.
	EnvSecretKey = "SUPERSET_SECRET_KEY"
	// EnvDatabaseURI is the SQLAlchemy URL of the metadata database.
	EnvDatabaseURI = "SUPERSET_DATABASE_URI"
	// EnvCacheURL is a redis:// or rediss:// URL: caches, results backend and Celery's
	// broker. Absent where no cache is configured.
	EnvCacheURL = "SUPERSET_CACHE_URL"
	// EnvConfigPath tells Superset where its configuration file is: [ConfigPath].
	EnvConfigPath = "SUPERSET_CONFIG_PATH"
	// EnvHome is Superset's data folder: [HomeDir].
	EnvHome = "SUPERSET_HOME"
)

// Environment variables that only the Job scripts read.
const (
	// EnvWebURL is the base URL of the web tier, such as http://bi:8088, for verify.
	// Without it the web checks are left out.
	EnvWebURL = "SUPERSET_OPERATOR_WEB_URL"
	// EnvWorkers is how many Celery workers must answer verify; 0 or absent leaves the
	// worker checks out.
	EnvWorkers = "SUPERSET_OPERATOR_WORKERS"
	// EnvLockWaitSeconds is how long one attempt of migrate waits for another migration
	// of the same database; 60 by default. An attempt ends so that its result can say
	// who is in the way: a Job has no other voice.
	EnvLockWaitSeconds = "SUPERSET_OPERATOR_LOCK_WAIT_SECONDS"
	// EnvTableWaitSeconds is how long one attempt of migrate tries to lock all tables;
	// 60 by default.
	EnvTableWaitSeconds = "SUPERSET_OPERATOR_TABLE_WAIT_SECONDS"
	// EnvMaxLockSeconds makes migrate polite on PostgreSQL: it is how long the tables
	// may stay locked, such as 5 or 0.5. Without it the migration is plain, for when
	// nothing else uses the tables.
	EnvMaxLockSeconds = "SUPERSET_OPERATOR_MAX_LOCK_SECONDS"
	// EnvOwner is the Superset that a Job belongs to, namespace/name. It stands in the
	// application_name of migrate's sessions, so that who waits for them can say for whom.
	EnvOwner = "SUPERSET_OPERATOR_OWNER"
	// EnvExpectedRevision is the revision that verify must find in the database where
	// that is not the image's head: after a rollback that kept the newer schema. Where
	// two are possible, both, with a comma between.
	EnvExpectedRevision = "SUPERSET_OPERATOR_EXPECTED_REVISION"
)

// Places in the container.
const (
	// ConfigDir is where the ConfigMap with [ConfigFile] is mounted, read-only.
	ConfigDir = "/etc/superset"
	// ConfigFile is the name of the configuration file, and its key in the ConfigMap.
	ConfigFile = "superset_config.py"
	// ConfigPath is the value of [EnvConfigPath].
	ConfigPath = ConfigDir + "/" + ConfigFile
	// ScriptsDir is where the Job scripts are mounted, read-only.
	ScriptsDir = "/etc/superset-operator/scripts"
	// HomeDir must be writable: Superset's data folder in its official images.
	HomeDir = "/app/superset_home"
	// TempDir must be writable: gunicorn, Celery's beat and the Jobs use it.
	TempDir = "/tmp"
)

// WebPort is where gunicorn listens in the official images.
const WebPort = 8088

// UserID is the user that the official images run as.
const UserID = 1000
