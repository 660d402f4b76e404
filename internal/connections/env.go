// SPDX-License-Identifier: Apache-2.0

package connections

import (
	"cmp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// Runtime are the variables of a container that runs Superset. Only the names that Names returns
// may be among a user's.
func Runtime(r v1alpha1.RuntimeSpec) []corev1.EnvVar {
	return append(Database(r.Database.DatabaseConnection), Cache(r.Cache)...)
}

// Database are the variables of a connection to the metadata database; none for none.
func Database(d v1alpha1.DatabaseConnection) []corev1.EnvVar {
	return database(d, databaseDir, names{superset.EnvDatabaseURI, superset.EnvDatabaseDriver, superset.EnvDatabaseOptions, ""})
}

// Application are the variables of a second connection, for a preflight that compares both.
func Application(d v1alpha1.DatabaseConnection) []corev1.EnvVar {
	return database(d, applicationDir, names{superset.EnvApplicationURI, superset.EnvApplicationDriver, superset.EnvApplicationOptions, superset.ApplicationPrefix})
}

// names are the names of three variables, and what precedes those of the Helm chart.
type names struct{ uri, driver, options, prefix string }

func database(d v1alpha1.DatabaseConnection, dir string, n names) []corev1.EnvVar {
	switch {
	case d.URIFrom != nil:
		return []corev1.EnvVar{Secret(n.uri, *d.URIFrom)}
	case d.Host == "":
		return nil
	}
	return []corev1.EnvVar{
		{Name: n.uri}, // hides one of envFrom
		{Name: n.driver, Value: string(driver(d))},
		{Name: n.options, Value: databaseOptions(driver(d), d.TLS, dir)},
		{Name: n.prefix + superset.EnvDatabaseHost, Value: string(d.Host)},
		{Name: n.prefix + superset.EnvDatabasePort, Value: port(d.Port, defaultPort(d))},
		{Name: n.prefix + superset.EnvDatabaseName, Value: plain(d.Name)},
		plainOrSecret(n.prefix+superset.EnvDatabaseUser, d.User, d.UserFrom),
		plainOrSecret(n.prefix+superset.EnvDatabasePassword, "", d.PasswordFrom),
	}
}

// Cache are the variables of Redis and the broker; none for none.
func Cache(c *v1alpha1.CacheSpec) []corev1.EnvVar {
	if c == nil {
		return nil
	}
	env := redis(c)
	if c.KeyPrefix != "" {
		env = append(env, corev1.EnvVar{Name: superset.EnvCacheKeyPrefix, Value: c.KeyPrefix})
	}
	if c.Broker != nil {
		env = append(env, Secret(superset.EnvBrokerURL, c.Broker.URLFrom))
	}
	if c.ResultBackend != nil {
		env = append(env, Secret(superset.EnvResultBackendURL, c.ResultBackend.URLFrom))
	}
	return env
}

func redis(c *v1alpha1.CacheSpec) []corev1.EnvVar {
	if c.URLFrom != nil {
		return []corev1.EnvVar{Secret(superset.EnvCacheURL, *c.URLFrom)}
	}
	scheme, databases := "redis", v1alpha1.CacheDatabases{}
	if c.TLS != nil {
		scheme = "rediss"
	}
	if c.Databases != nil {
		databases = *c.Databases
	}
	return []corev1.EnvVar{
		{Name: superset.EnvCacheURL}, // hides one of envFrom
		{Name: superset.EnvCacheDriver, Value: scheme},
		{Name: superset.EnvCacheOptions, Value: cacheOptions(c.TLS)},
		{Name: superset.EnvRedisProto, Value: scheme},
		{Name: superset.EnvRedisHost, Value: string(c.Host)},
		{Name: superset.EnvRedisPort, Value: port(c.Port, 6379)},
		{Name: superset.EnvRedisUser, Value: plain(c.User)},
		plainOrSecret(superset.EnvRedisPassword, "", c.PasswordFrom),
		{Name: superset.EnvRedisDB, Value: strconv.Itoa(int(databases.Cache))},
		{Name: superset.EnvRedisCeleryDB, Value: strconv.Itoa(int(databases.Celery))},
	}
}

// Secret is a variable whose value is a reference to a Secret key.
func Secret(name string, ref v1alpha1.SecretKeyReference) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: ref.Name},
		Key:                  ref.Key,
	}}}
}

// plainOrSecret is a variable in any case: it hides one of envFrom.
func plainOrSecret(name, value string, ref *v1alpha1.SecretKeyReference) corev1.EnvVar {
	if ref != nil {
		return Secret(name, *ref)
	}
	return corev1.EnvVar{Name: name, Value: plain(value)}
}

// plain keeps the kubelet from expanding $(NAME).
func plain(value string) string { return strings.ReplaceAll(value, "$", "$$") }

func driver(d v1alpha1.DatabaseConnection) v1alpha1.DatabaseDriver {
	return cmp.Or(d.Driver, v1alpha1.DriverPostgreSQL)
}

func defaultPort(d v1alpha1.DatabaseConnection) int32 {
	if driver(d) == v1alpha1.DriverMySQL {
		return 3306
	}
	return 5432
}

func port(own *int32, byDefault int32) string {
	if own != nil {
		byDefault = *own
	}
	return strconv.Itoa(int(byDefault))
}
