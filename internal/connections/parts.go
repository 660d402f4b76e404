// SPDX-License-Identifier: Apache-2.0

package connections

import (
	"fmt"
	"slices"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// databaseNames and redisNames are the variables of connections by parts.
var (
	databaseNames = []string{superset.EnvDatabaseDriver, superset.EnvDatabaseOptions, superset.EnvDatabaseHost,
		superset.EnvDatabasePort, superset.EnvDatabaseName, superset.EnvDatabaseUser, superset.EnvDatabasePassword}
	redisNames = []string{superset.EnvCacheDriver, superset.EnvCacheOptions, superset.EnvRedisProto, superset.EnvRedisHost,
		superset.EnvRedisPort, superset.EnvRedisUser, superset.EnvRedisPassword, superset.EnvRedisDB, superset.EnvRedisCeleryDB}
)

// Reserved is true for the name of a variable of a connection by parts.
func Reserved(name string) bool {
	return slices.Contains(databaseNames, name) || slices.Contains(redisNames, name)
}

// ByParts is true if URLs are made in the pods, which need superset.ConnectionsFile for it.
func ByParts(r v1alpha1.RuntimeSpec) bool {
	return r.Database.Host != "" || r.Cache != nil && r.Cache.Host != "" || OwnCelery(r.Cache)
}

// AddFiles adds the files next to superset_config.py that ByParts needs. files may be nil.
func AddFiles(files map[string]string, r v1alpha1.RuntimeSpec) map[string]string {
	if !ByParts(r) {
		return files
	}
	if files == nil {
		files = map[string]string{}
	}
	files[superset.ConnectionsFile] = superset.Connections
	return files
}

// OwnCelery is true if broker or results of Celery are elsewhere than the caches.
func OwnCelery(c *v1alpha1.CacheSpec) bool {
	return c != nil && (c.Broker != nil || c.ResultBackend != nil || c.Databases != nil && c.Databases.Cache != c.Databases.Celery)
}

// ForJobs is a runtime with the connection of the Jobs to the database.
func ForJobs(r v1alpha1.RuntimeSpec) v1alpha1.RuntimeSpec {
	if jobs := r.Database.Jobs; jobs != nil {
		r.Database = v1alpha1.DatabaseSpec{DatabaseConnection: *jobs}
	}
	return r
}

// ForTiers is a runtime without the connection of the Jobs, a change of which restarts no tier.
func ForTiers(r v1alpha1.RuntimeSpec) v1alpha1.RuntimeSpec {
	r.Database.Jobs = nil
	return r
}

// None is a runtime without any connection.
func None(r v1alpha1.RuntimeSpec) v1alpha1.RuntimeSpec {
	r.Database, r.Cache = v1alpha1.DatabaseSpec{}, nil
	return r
}

// OnlyCache is a runtime without the connection to the database.
func OnlyCache(r v1alpha1.RuntimeSpec) v1alpha1.RuntimeSpec {
	r.Database = v1alpha1.DatabaseSpec{}
	return r
}

// DatabaseName identifies the database that a release names: the Secret key, or dialect, host, port
// and name; empty for none. User, password and TLS are no part of it.
func DatabaseName(d v1alpha1.DatabaseConnection) string {
	switch {
	case d.URIFrom != nil:
		return d.URIFrom.Name + "/" + d.URIFrom.Key
	case d.Host == "":
		return ""
	default:
		dialect, _, _ := strings.Cut(string(driver(d)), "+")
		return fmt.Sprintf("%s://%s:%s/%s", dialect, d.Host, port(d.Port, defaultPort(d)), d.Name)
	}
}

// Check refuses a variable of a user that has the name of one of a connection by parts. path is the
// field with the variables.
func Check(r v1alpha1.RuntimeSpec, path string, own v1alpha1.EnvVars) error {
	for _, e := range own {
		switch {
		case r.Database.Host != "" && slices.Contains(databaseNames, e.Name):
			return fmt.Errorf("%s must not set %s: the operator sets it from database; remove it, or name the whole connection by database.uriFrom", path, e.Name)
		case r.Cache != nil && r.Cache.Host != "" && slices.Contains(redisNames, e.Name):
			return fmt.Errorf("%s must not set %s: the operator sets it from cache; remove it, or name the whole connection by cache.urlFrom", path, e.Name)
		}
	}
	return nil
}
