// SPDX-License-Identifier: Apache-2.0

package superset

import (
	_ "embed"
)

// Variables of a connection by parts. They have the names of the Helm chart, so that Python that
// was written for it runs.
const (
	EnvDatabaseHost     = "DB_HOST"
	EnvDatabasePort     = "DB_PORT"
	EnvDatabaseName     = "DB_NAME"
	EnvDatabaseUser     = "DB_USER"
	EnvDatabasePassword = "DB_PASS"

	EnvRedisHost     = "REDIS_HOST"
	EnvRedisPort     = "REDIS_PORT"
	EnvRedisUser     = "REDIS_USER"
	EnvRedisPassword = "REDIS_PASSWORD"
	// EnvRedisProto is the same as [EnvCacheDriver].
	EnvRedisProto = "REDIS_PROTO"
	// EnvRedisDB is the number of the database of the caches, and EnvRedisCeleryDB that of Celery.
	EnvRedisDB       = "REDIS_DB"
	EnvRedisCeleryDB = "REDIS_CELERY_DB"
)

// Connections is a Python module that makes URLs of the parts in the environment. superset_config.py,
// the probes of the worker and the Jobs import it.
//
//go:embed parts/connections.py
var Connections string

// ConnectionsFile is the name of [Connections] in [ConfigDir]. Users have no file with an underscore
// at the beginning of its name.
const ConnectionsFile = "_connections.py"

var (
	//go:embed parts/connect.py
	connectPart string
	//go:embed parts/celery.py
	celeryPart string
	//go:embed parts/owned_urls.py
	ownedURLsPart string
)
