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
	// EnvLoginUsername and EnvLoginPassword are the user's of spec.upgrade.verify, by
	// secretKeyRef alone, for preflight and verify. Without them nobody logs in.
	EnvLoginUsername = "SUPERSET_OPERATOR_LOGIN_USERNAME"
	EnvLoginPassword = "SUPERSET_OPERATOR_LOGIN_PASSWORD"
	// EnvCharts are the ids of the charts to read as that user, with commas between, and
	// EnvChartsBefore what preflight saw of them: "id:columns:rows", or "id:-" of one
	// that failed, with commas between.
	EnvCharts       = "SUPERSET_OPERATOR_CHARTS"
	EnvChartsBefore = "SUPERSET_OPERATOR_CHARTS_BEFORE"
	// EnvWebSettleSeconds is how long verify lets web be, from its own start, before it
	// asks it; without it not at all.
	EnvWebSettleSeconds = "SUPERSET_OPERATOR_WEB_SETTLE_SECONDS"
	// EnvSoakSeconds is how long verify goes on to ask web after all checks have passed,
	// such as 600; without it not at all.
	EnvSoakSeconds = "SUPERSET_OPERATOR_SOAK_SECONDS"
	// EnvBeat is "1" where there is a scheduler that must tick while verify soaks.
	EnvBeat = "SUPERSET_OPERATOR_BEAT"
	// EnvPrometheusURL is the base URL of a server with the API of Prometheus, and
	// EnvPrometheusToken a bearer token for it, by secretKeyRef alone, or absent.
	// EnvQueries are the conditions to ask it for that must not hold, as JSON: a list of
	// objects with name and expr; preflight and verify read them.
	EnvPrometheusURL   = "SUPERSET_OPERATOR_PROMETHEUS_URL"
	EnvPrometheusToken = "SUPERSET_OPERATOR_PROMETHEUS_TOKEN"
	EnvQueries         = "SUPERSET_OPERATOR_QUERIES"
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
	// two are possible, both, with a comma between. For restore it is the one revision
	// that the backup must hold; without it, what the backup says of itself.
	EnvExpectedRevision = "SUPERSET_OPERATOR_EXPECTED_REVISION"
	// EnvPreviousSecretKey is the key that stored passwords were encrypted with until
	// now, by secretKeyRef alone: preflight takes either key for right.
	EnvPreviousSecretKey = "SUPERSET_OPERATOR_PREVIOUS_SECRET_KEY"
	// EnvReencrypt makes a Job encrypt what is stored anew: [ReencryptForward] (migrate)
	// or [ReencryptBack] (downgrade). Without it nothing is.
	EnvReencrypt = "SUPERSET_OPERATOR_REENCRYPT"
	// EnvCreateDatabase lets migrate create the database when "1", and preflight take a
	// missing one for one that was never migrated.
	EnvCreateDatabase = "SUPERSET_OPERATOR_CREATE_DATABASE"
	// EnvTargetRevision is the revision that downgrade takes the schema back to; empty
	// leaves it, for when only what is stored has to be encrypted anew.
	EnvTargetRevision = "SUPERSET_OPERATOR_TARGET_REVISION"
)

// The values of [EnvReencrypt].
const (
	// ReencryptForward is from the previous key to the current one, after the migration.
	ReencryptForward = "forward"
	// ReencryptBack is from the current key to the previous one, before the downgrade.
	ReencryptBack = "back"
)

// Environment variables of the Jobs that back up and restore, in all their containers.
const (
	// EnvBackup is the backup's name, such as r7: a folder below [EnvBackupDir].
	EnvBackup = "SUPERSET_OPERATOR_BACKUP"
	// EnvBackupDir is the folder of this Superset's backups in the claim; absent where a
	// user's own command keeps them without one. dump.sh makes it, a command must.
	EnvBackupDir = "SUPERSET_OPERATOR_BACKUP_DIR"
	// EnvBackupKeep is how many backups stay after one more was made, the newest ones; 3
	// by default.
	EnvBackupKeep = "SUPERSET_OPERATOR_BACKUP_KEEP"
	// EnvBackupSHA256 is what restore's dump must have, in hexadecimal; empty for what
	// its manifest says.
	EnvBackupSHA256 = "SUPERSET_OPERATOR_BACKUP_SHA256"
	// EnvSharedDir is a folder in memory that the containers of one pod share:
	// [SharedDir].
	EnvSharedDir = "SUPERSET_OPERATOR_SHARED_DIR"
	// EnvCustom is "1" where a user's own command stands in for dump.sh or load.sh.
	EnvCustom = "SUPERSET_OPERATOR_CUSTOM"
)

// Environment variables of the Job that rehearses, in all its containers.
const (
	// EnvScratchDir is the folder on disk of the throw-away database: [ScratchDir].
	EnvScratchDir = "SUPERSET_OPERATOR_SCRATCH_DIR"
	// EnvScratchBytes is how much of it may be used; 0 or absent for all there is. It is
	// less than what the kubelet ends the pod for, without a word.
	EnvScratchBytes = "SUPERSET_OPERATOR_SCRATCH_BYTES"
	// EnvScratchPort is where the throw-away database listens, on loopback; 54320 by
	// default, out of the way of a proxy to the real database in the same pod.
	EnvScratchPort = "SUPERSET_OPERATOR_SCRATCH_PORT"
	// EnvScratchURI is the URL of a database of the user's in its stead, by secretKeyRef
	// alone. It is emptied.
	EnvScratchURI = "SUPERSET_OPERATOR_SCRATCH_URI"
	// EnvExcludeData are the tables that are copied without their rows, with commas
	// between; those that do not exist are passed over.
	EnvExcludeData = "SUPERSET_OPERATOR_EXCLUDE_DATA"
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
	// SharedDir is where the memory is mounted through which the containers of one pod
	// hand on the connection files and what came of the work.
	SharedDir = "/run/superset-operator"
	// ScratchDir is where the disk is mounted that a rehearsal copies the database to.
	ScratchDir = "/var/lib/superset-operator"
	// HomeDir must be writable: Superset's data folder in its official images.
	HomeDir = "/app/superset_home"
	// TempDir must be writable: gunicorn, Celery's beat and the Jobs use it.
	TempDir = "/tmp"
)

// WebPort is where gunicorn listens in the official images.
const WebPort = 8088

// UserID is the user that the official images run as.
const UserID = 1000
