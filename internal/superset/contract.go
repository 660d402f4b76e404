// SPDX-License-Identifier: Apache-2.0

package superset

// Environment variables of every pod and Job that runs Superset. The values of the
// first three are set only by secretKeyRef and never appear in an object or a log.
const (
	// EnvSecretKey is the key that signs sessions and encrypts stored passwords.
	// Superset itself reads the variable, too.
	EnvSecretKey = "SUPERSET_SECRET_KEY"
	// EnvDatabaseURI is the SQLAlchemy URL of the metadata database. If the connection is given by
	// parts, it is empty: [Connections] sets it.
	EnvDatabaseURI = "SUPERSET_DATABASE_URI"
	// EnvCacheURL is the redis:// or rediss:// URL of caches, results backend and
	// Celery broker. Not set if no cache is configured. If the connection is given by parts, it is
	// empty: [Connections] sets it.
	EnvCacheURL = "SUPERSET_CACHE_URL"
	// EnvCacheKeyPrefix is put before every key and queue in that Redis. Not set if there is
	// none.
	EnvCacheKeyPrefix = "SUPERSET_CACHE_KEY_PREFIX"
	// EnvConfigPath is the path of Superset's configuration file: [ConfigPath].
	EnvConfigPath = "SUPERSET_CONFIG_PATH"
	// EnvHome is Superset's data folder: [HomeDir].
	EnvHome = "SUPERSET_HOME"
)

// Environment variables of a connection by parts, besides those of the Helm chart in parts.go.
const (
	// EnvDatabaseDriver is the dialect and driver of SQLAlchemy, and EnvDatabaseOptions the query of
	// the URL.
	EnvDatabaseDriver  = "SUPERSET_OPERATOR_DATABASE_DRIVER"
	EnvDatabaseOptions = "SUPERSET_OPERATOR_DATABASE_OPTIONS"
	// EnvCacheDriver is redis or rediss, and EnvCacheOptions the query of the URL.
	EnvCacheDriver  = "SUPERSET_OPERATOR_CACHE_DRIVER"
	EnvCacheOptions = "SUPERSET_OPERATOR_CACHE_OPTIONS"
	// EnvBrokerURL and EnvResultBackendURL are the URLs of Celery's broker and results, if they are
	// not those of the caches.
	EnvBrokerURL        = "SUPERSET_OPERATOR_BROKER_URL"
	EnvResultBackendURL = "SUPERSET_OPERATOR_RESULT_BACKEND_URL"
	// EnvApplicationURI and the other three are those of web, worker and scheduler, in a preflight
	// that has another connection. ApplicationPrefix precedes the names of the Helm chart.
	EnvApplicationURI     = "SUPERSET_OPERATOR_APPLICATION_URI"
	EnvApplicationDriver  = "SUPERSET_OPERATOR_APPLICATION_DRIVER"
	EnvApplicationOptions = "SUPERSET_OPERATOR_APPLICATION_OPTIONS"
	ApplicationPrefix     = "SUPERSET_OPERATOR_APPLICATION_"
)

// Environment variables of the init container that installs packages: see packages.py.
const (
	// EnvPackages are pins or requirements, one a line, and EnvPackagesDir is [PackagesDir].
	EnvPackages    = "SUPERSET_OPERATOR_PACKAGES"
	EnvPackagesDir = "SUPERSET_OPERATOR_PACKAGES_DIR"
	// EnvResolved is [ResolvedFile], in a preflight that finds out the pins. Preflight itself has
	// it, too.
	EnvResolved = "SUPERSET_OPERATOR_RESOLVED"
	// EnvIndexURL is the address of the package index; not set for the default of the image.
	// EnvIndexUsername and EnvIndexPassword are set only by secretKeyRef. EnvIndexCA is the file of
	// the certificates to trust.
	EnvIndexURL      = "SUPERSET_OPERATOR_INDEX_URL"
	EnvIndexUsername = "SUPERSET_OPERATOR_INDEX_USERNAME"
	EnvIndexPassword = "SUPERSET_OPERATOR_INDEX_PASSWORD"
	EnvIndexCA       = "SUPERSET_OPERATOR_INDEX_CA"
)

// Environment variables of the pods of web, worker and scheduler.
const (
	// EnvStatsdHost is the host that gets StatsD on UDP port [StatsdPort]. Not set if there is
	// none.
	EnvStatsdHost = "SUPERSET_OPERATOR_STATSD_HOST"
)

// Environment variables of the pods that listen: web and the maintenance page.
const (
	// EnvPodIP is the IP of the pod, set by a field reference. Its family is the one to
	// listen on.
	EnvPodIP = "SUPERSET_OPERATOR_POD_IP"
	// EnvBindAddress is the address that gunicorn listens on in the official images. Default:
	// 0.0.0.0, or [::] in a pod with an IPv6 address.
	EnvBindAddress = "SUPERSET_BIND_ADDRESS"
	// EnvAppRoot is the path at which Superset serves, from 6.0.0 on. Default: /.
	EnvAppRoot = "SUPERSET_APP_ROOT"
	// EnvKeepalive is how many seconds gunicorn keeps an idle connection in the official
	// images. Default: 2.
	EnvKeepalive = "GUNICORN_KEEPALIVE"
	// EnvGunicornWorkers and EnvGunicornThreads are the numbers of gunicorn's processes and of the
	// threads of each, and EnvGunicornTimeout is after how many seconds a process that does not
	// answer is replaced, in the official images. Defaults: 1, 20 and 60.
	EnvGunicornWorkers = "SERVER_WORKER_AMOUNT"
	EnvGunicornThreads = "SERVER_THREADS_AMOUNT"
	EnvGunicornTimeout = "GUNICORN_TIMEOUT"
)

// Environment variables that only the Job scripts read.
const (
	// EnvWebURL is the base URL of the web tier, such as http://bi:8088/analytics, for verify.
	// If it is not set, the web checks are skipped.
	EnvWebURL = "SUPERSET_OPERATOR_WEB_URL"
	// EnvWebReady is "1" if a web pod is ready, so that preflight must reach web.
	EnvWebReady = "SUPERSET_OPERATOR_WEB_READY"
	// EnvWebUnreachable is "1" if it is known that Jobs do not reach web: if it does not answer
	// verify, all checks of web are skipped.
	EnvWebUnreachable = "SUPERSET_OPERATOR_WEB_UNREACHABLE"
	// EnvWebProbeSeconds is how many seconds web is asked before Jobs do not reach it. Default:
	// 45.
	EnvWebProbeSeconds = "SUPERSET_OPERATOR_WEB_PROBE_SECONDS"
	// EnvLoginUsername and EnvLoginPassword are the credentials of
	// spec.upgrade.verify.loginFrom, set only by secretKeyRef, for preflight and verify.
	// If they are not set, the checks with a login are skipped.
	EnvLoginUsername = "SUPERSET_OPERATOR_LOGIN_USERNAME"
	EnvLoginPassword = "SUPERSET_OPERATOR_LOGIN_PASSWORD"
	// EnvCharts has the ids of the charts to read as that user, and EnvChartsBefore the
	// results of preflight: "id:columns:rows", or "id:-" for a chart that failed. Both
	// are comma-separated.
	EnvCharts       = "SUPERSET_OPERATOR_CHARTS"
	EnvChartsBefore = "SUPERSET_OPERATOR_CHARTS_BEFORE"
	// EnvWebSettleSeconds is how many seconds after its start verify waits before the
	// first request to web. Default: 0.
	EnvWebSettleSeconds = "SUPERSET_OPERATOR_WEB_SETTLE_SECONDS"
	// EnvSoakSeconds is how many seconds verify repeats the web checks after all checks
	// have passed, such as 600. Default: 0.
	EnvSoakSeconds = "SUPERSET_OPERATOR_SOAK_SECONDS"
	// EnvBeat is "1" if verify must check during the soak that beat sends tasks.
	EnvBeat = "SUPERSET_OPERATOR_BEAT"
	// EnvPrometheusURL is the base URL of a server with the Prometheus API, and
	// EnvPrometheusToken its bearer token, set only by secretKeyRef, or not set.
	// EnvQueries are the conditions that must not be true, as a JSON list of objects
	// with name and expr. For preflight and verify.
	EnvPrometheusURL   = "SUPERSET_OPERATOR_PROMETHEUS_URL"
	EnvPrometheusToken = "SUPERSET_OPERATOR_PROMETHEUS_TOKEN"
	EnvQueries         = "SUPERSET_OPERATOR_QUERIES"
	// EnvWorkerHosts are the hostnames of the pods whose Celery workers must answer verify,
	// separated by commas. If it is empty or not set, the worker checks are skipped.
	EnvWorkerHosts = "SUPERSET_OPERATOR_WORKER_HOSTS"
	// EnvLockWaitSeconds is how many seconds one attempt of migrate waits for another
	// migration of the same database. Default: 60. Then the attempt ends, because a Job
	// can only report who holds the lock in its result.
	EnvLockWaitSeconds = "SUPERSET_OPERATOR_LOCK_WAIT_SECONDS"
	// EnvTableWaitSeconds is how many seconds one attempt of migrate tries to lock all
	// tables. Default: 60.
	EnvTableWaitSeconds = "SUPERSET_OPERATOR_TABLE_WAIT_SECONDS"
	// EnvMaxLockSeconds makes the migration polite (PostgreSQL): it is how many seconds
	// the tables may be locked, such as 5 or 0.5. If it is not set, the migration is
	// plain, which requires that nothing else uses the tables.
	EnvMaxLockSeconds = "SUPERSET_OPERATOR_MAX_LOCK_SECONDS"
	// EnvOwner is the Superset that a Job belongs to, as namespace/name. It is part of
	// the application_name of migrate's sessions, so that other Jobs can report it, and
	// preflight does not count them as foreign.
	EnvOwner = "SUPERSET_OPERATOR_OWNER"
	// EnvExpectedRevision is the revision that verify expects in the database, if that
	// is not the image's head: after a rollback that kept the newer schema. If two are
	// possible, both, comma-separated. For restore it is the revision that the backup
	// must have; default: that in the backup's manifest.
	EnvExpectedRevision = "SUPERSET_OPERATOR_EXPECTED_REVISION"
	// EnvPreviousSecretKey is the previous secret key, set only by secretKeyRef.
	// Preflight accepts stored passwords that either key decrypts.
	EnvPreviousSecretKey = "SUPERSET_OPERATOR_PREVIOUS_SECRET_KEY"
	// EnvReencrypt makes a Job re-encrypt stored secrets: [ReencryptForward] (migrate)
	// or [ReencryptBack] (downgrade). Default: no re-encryption.
	EnvReencrypt = "SUPERSET_OPERATOR_REENCRYPT"
	// EnvCreateDatabase is "1" if migrate may create the database. Preflight then
	// treats a missing database as one that was never migrated.
	EnvCreateDatabase = "SUPERSET_OPERATOR_CREATE_DATABASE"
	// EnvDumps is "1" if the upgrade backs up the database with its client programs.
	// Preflight then refuses a pooler through which a dump would change other sessions.
	EnvDumps = "SUPERSET_OPERATOR_DUMPS"
	// EnvVersion is spec.version, which preflight compares with the image's version of
	// Superset. If it is not set, they are not compared.
	EnvVersion = "SUPERSET_OPERATOR_VERSION"
	// EnvInit is what spec.init asks for, as JSON without the password: for migrate, and for
	// preflight to check. EnvAdminPassword is the password of its adminUser, set only by
	// secretKeyRef.
	EnvInit          = "SUPERSET_OPERATOR_INIT"
	EnvAdminPassword = "SUPERSET_OPERATOR_ADMIN_PASSWORD"
	// EnvWorkerDeployment is the name of the Deployment of this Superset's Celery workers,
	// with which the names of their pods begin. All other workers are foreign to preflight
	// and verify.
	EnvWorkerDeployment = "SUPERSET_OPERATOR_WORKER_DEPLOYMENT"
	// EnvHostNetwork is "1" in a pod in the network of its node: the proxies on loopback are not
	// those of the pod, and are not told to end.
	EnvHostNetwork = "SUPERSET_OPERATOR_HOST_NETWORK"
	// EnvResultBytes is the maximum size of the result of a container, in bytes. Default:
	// 4096.
	EnvResultBytes = "SUPERSET_OPERATOR_RESULT_BYTES"
	// EnvTargetRevision is the target of downgrade. If it is empty, the schema is not
	// changed: only stored secrets are re-encrypted.
	EnvTargetRevision = "SUPERSET_OPERATOR_TARGET_REVISION"
)

// The values of [EnvReencrypt].
const (
	// ReencryptForward: from the previous key to the current one, after the migration.
	ReencryptForward = "forward"
	// ReencryptBack: from the current key to the previous one, before the downgrade.
	ReencryptBack = "back"
)

// Environment variables of the backup and restore Jobs and their checks, in all their containers.
const (
	// EnvBackup is the backup's name, such as r7, and its folder below [EnvBackupDir].
	EnvBackup = "SUPERSET_OPERATOR_BACKUP"
	// EnvBackupDir is the folder of this Superset's backups in the claim. Not set if a
	// user's command stores the backups elsewhere. dump.sh creates it; a user's command
	// must do so, too.
	EnvBackupDir = "SUPERSET_OPERATOR_BACKUP_DIR"
	// EnvBackupKeep is how many of the newest backups are kept, including the new one.
	// Default: 3.
	EnvBackupKeep = "SUPERSET_OPERATOR_BACKUP_KEEP"
	// EnvBackupCheck is "1" if the Job only checks that a backup can be taken or restored.
	EnvBackupCheck = "SUPERSET_OPERATOR_BACKUP_CHECK"
	// EnvRestore is "1" for a restore and its check. EnvAcceptedIdentity is the identity of the database that
	// a backup of another database may be restored into, and EnvAcceptedDrops the digest of the
	// objects of others that may be dropped. Default: none.
	EnvRestore          = "SUPERSET_OPERATOR_RESTORE"
	EnvAcceptedIdentity = "SUPERSET_OPERATOR_ACCEPTED_IDENTITY"
	EnvAcceptedDrops    = "SUPERSET_OPERATOR_ACCEPTED_DROPS"
	// EnvBackupSHA256 is the expected SHA-256 of the dump to restore, in hexadecimal.
	// Default: that in the backup's manifest.
	EnvBackupSHA256 = "SUPERSET_OPERATOR_BACKUP_SHA256"
	// EnvSharedDir is an in-memory folder that the containers of one pod share:
	// [SharedDir].
	EnvSharedDir = "SUPERSET_OPERATOR_SHARED_DIR"
	// EnvCustom is "1" if a user's command runs instead of dump.sh or load.sh.
	EnvCustom = "SUPERSET_OPERATOR_CUSTOM"
)

// Environment variables of the rehearsal Job, in all its containers.
const (
	// EnvScratchDir is the folder on disk of the scratch database: [ScratchDir].
	EnvScratchDir = "SUPERSET_OPERATOR_SCRATCH_DIR"
	// EnvScratchBytes limits its size in bytes; 0 or not set for no limit. It is below
	// the size limit of the volume, at which the kubelet evicts the pod and the Job has
	// no result.
	EnvScratchBytes = "SUPERSET_OPERATOR_SCRATCH_BYTES"
	// EnvScratchPort is the port of the scratch database on loopback. Default: 54320,
	// which does not collide with a proxy to the real database in the same pod.
	EnvScratchPort = "SUPERSET_OPERATOR_SCRATCH_PORT"
	// EnvScratchURI is the URL of a user's database to use instead, set only by
	// secretKeyRef. Everything in it is deleted.
	EnvScratchURI = "SUPERSET_OPERATOR_SCRATCH_URI"
	// EnvExcludeData has the tables that are copied without their rows,
	// comma-separated. Tables that do not exist are ignored.
	EnvExcludeData = "SUPERSET_OPERATOR_EXCLUDE_DATA"
)

// Paths in the container.
const (
	// ConfigDir is where the ConfigMap with [ConfigFile] is mounted, read-only.
	ConfigDir = "/etc/superset"
	// ConfigFile is the name of the configuration file, and its key in the ConfigMap.
	ConfigFile = "superset_config.py"
	// ConfigPath is the value of [EnvConfigPath].
	ConfigPath = ConfigDir + "/" + ConfigFile
	// PackagesFile is the program in ConfigDir that installs packages into PackagesDir. ResolvedFile
	// has the pins that it found, one a line without hashes.
	PackagesFile = "_packages.py"
	PackagesDir  = "/etc/superset-operator/packages"
	ResolvedFile = PackagesDir + "/.resolved"
	// ScriptsDir is where the Job scripts are mounted, read-only.
	ScriptsDir = "/etc/superset-operator/scripts"
	// SharedDir is where the in-memory volume is mounted through which the containers of
	// one pod pass on connection files and results.
	SharedDir = "/run/superset-operator"
	// ScratchDir is where the volume for the scratch database of a rehearsal is mounted.
	ScratchDir = "/var/lib/superset-operator"
	// HomeDir is Superset's data folder in the official images. It must be writable.
	HomeDir = "/app/superset_home"
	// TempDir is used by gunicorn, Celery beat and the Jobs. It must be writable.
	TempDir = "/tmp"
)

// WorkerFile is written by a worker that takes tasks: at least every ten seconds. There is
// none before the worker is ready, while it ends, and with another pool than prefork.
const WorkerFile = TempDir + "/superset-operator-worker"

// CeleryApp is the option of celery that names Superset's application.
const CeleryApp = "--app=superset.tasks.celery_app:app"

// WebPort is the port of gunicorn in the official images.
const WebPort = 8088

// StatsdPort is the UDP port of [EnvStatsdHost].
const StatsdPort = 9125

// UserID is the UID that the official images run as.
const UserID = 1000
