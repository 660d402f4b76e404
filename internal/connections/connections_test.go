// SPDX-License-Identifier: Apache-2.0

package connections

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

var (
	key = v1alpha1.SecretKeyReference{Name: "tls", Key: "k"}
	ca  = &v1alpha1.KeySource{ConfigMapKeyRef: &v1alpha1.ConfigMapKeyReference{Name: "ca", Key: "k"}}
)

func TestOptions(t *testing.T) {
	const d, c = "/etc/superset-operator/database-tls", "/etc/superset-operator/cache-tls"
	for name, test := range map[string]struct {
		tls                      *v1alpha1.TLSSpec
		postgresql, mysql, redis string
	}{
		"none":      {},
		"default":   {&v1alpha1.TLSSpec{}, "sslmode=require", "ssl_mode=REQUIRED", "ssl_cert_reqs=none"},
		"with a CA": {&v1alpha1.TLSSpec{CAFrom: ca}, "sslmode=verify-full&sslrootcert=" + d + "/ca.crt", "ssl_mode=VERIFY_IDENTITY&ssl_ca=" + d + "/ca.crt", "ssl_cert_reqs=required&ssl_check_hostname=true&ssl_ca_certs=" + c + "/ca.crt"},
		"verify-ca": {&v1alpha1.TLSSpec{Mode: v1alpha1.TLSVerifyCA, CAFrom: ca}, "sslmode=verify-ca&sslrootcert=" + d + "/ca.crt", "ssl_mode=VERIFY_CA&ssl_ca=" + d + "/ca.crt", "ssl_cert_reqs=required&ssl_check_hostname=false&ssl_ca_certs=" + c + "/ca.crt"},
		"require, with a client certificate": {&v1alpha1.TLSSpec{Mode: v1alpha1.TLSRequire, CertFrom: &key, KeyFrom: &key},
			"sslmode=require&sslcert=" + d + "/tls.crt&sslkey=" + d + "/tls.key", "ssl_mode=REQUIRED&ssl_cert=" + d + "/tls.crt&ssl_key=" + d + "/tls.key", "ssl_cert_reqs=none&ssl_certfile=" + c + "/tls.crt&ssl_keyfile=" + c + "/tls.key"},
	} {
		for got, want := range map[string]string{
			databaseOptions(v1alpha1.DriverPostgreSQL, test.tls, databaseDir): test.postgresql,
			databaseOptions(v1alpha1.DriverMySQL, test.tls, databaseDir):      test.mysql,
			cacheOptions(test.tls): test.redis,
		} {
			if got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
	}
}

// The name of a database decides whether a rollback stays on it: an account or a certificate is no
// part of it.
func TestDatabaseName(t *testing.T) {
	base := v1alpha1.DatabaseConnection{Host: "db.example", Name: "bi", User: "app"}
	edit := func(edit func(*v1alpha1.DatabaseConnection)) v1alpha1.DatabaseConnection {
		d := base
		edit(&d)
		return d
	}
	const same = "postgresql://db.example:5432/bi"
	for want, cases := range map[string][]v1alpha1.DatabaseConnection{
		"":       {{}},
		"bi/uri": {{URIFrom: &v1alpha1.SecretKeyReference{Name: "bi", Key: "uri"}}},
		same: {base, edit(func(d *v1alpha1.DatabaseConnection) { d.User, d.UserFrom, d.PasswordFrom = "", &key, &key }),
			edit(func(d *v1alpha1.DatabaseConnection) { d.Port = new(int32(5432)) }), edit(func(d *v1alpha1.DatabaseConnection) { d.TLS = &v1alpha1.TLSSpec{CAFrom: ca} })},
		"mysql://db.example:3306/bi":         {edit(func(d *v1alpha1.DatabaseConnection) { d.Driver = v1alpha1.DriverMySQL })},
		"postgresql://db.example:5433/bi":    {edit(func(d *v1alpha1.DatabaseConnection) { d.Port = new(int32(5433)) })},
		"postgresql://db.example:5432/other": {edit(func(d *v1alpha1.DatabaseConnection) { d.Name = "other" })},
	} {
		for _, d := range cases {
			if got := DatabaseName(d); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
}

// Everything that is set for a connection is gone from an isolated container, and names of envFrom
// are hidden.
func TestIsolate(t *testing.T) {
	r := v1alpha1.RuntimeSpec{
		Database: v1alpha1.DatabaseSpec{DatabaseConnection: v1alpha1.DatabaseConnection{Host: "db", Name: "bi", User: "app", PasswordFrom: &key, TLS: &v1alpha1.TLSSpec{CAFrom: ca, CertFrom: &key, KeyFrom: &key}}},
		Cache:    &v1alpha1.CacheSpec{Host: "redis", PasswordFrom: &key, TLS: &v1alpha1.TLSSpec{CAFrom: ca}, Broker: &v1alpha1.URLSource{URLFrom: key}},
	}
	pod := corev1.PodSpec{Containers: []corev1.Container{{Env: append(Runtime(r), Application(r.Database.DatabaseConnection)...), EnvFrom: make([]corev1.EnvFromSource, 1)}}}
	main := &pod.Containers[0]
	Mount(&pod, main, r)
	MountApplication(&pod, main, r.Database.DatabaseConnection)
	if len(main.VolumeMounts) != 3 || len(pod.Volumes) != 3 {
		t.Fatalf("%d mounts and %d volumes, want 3", len(main.VolumeMounts), len(pod.Volumes))
	}
	Isolate(main)
	var left []string
	for _, e := range main.Env {
		if e.ValueFrom != nil {
			t.Errorf("%s refers to a Secret", e.Name)
		}
		left = append(left, e.Name+"="+e.Value)
	}
	want := superset.EnvCacheURL + "=" + Nowhere + " " + superset.EnvBrokerURL + "=" + Nowhere + " " + superset.EnvDatabaseURI + "="
	if got := strings.Join(left, " "); got != want || len(main.VolumeMounts) != 0 {
		t.Errorf("got %s and %d mounts, want %s", got, len(main.VolumeMounts), want)
	}
}

// The names are those of superset.Connections.
func TestNamesAreThoseOfThePython(t *testing.T) {
	for _, name := range []string{superset.EnvDatabaseURI, superset.EnvBrokerURL, superset.EnvResultBackendURL, superset.EnvCacheURL, superset.EnvCacheDriver, superset.EnvCacheOptions, superset.ApplicationPrefix} {
		if !strings.Contains(superset.Connections, `"`+name+`"`) {
			t.Errorf("%s is not used", name)
		}
	}
	for _, name := range append(databaseNames, redisNames...) {
		_, part, _ := strings.Cut(name, "_")
		operators := strings.HasPrefix(name, "SUPERSET_OPERATOR_")
		if !operators && name != superset.EnvRedisProto && !strings.Contains(superset.Connections, `get("`+part+`")`) {
			t.Errorf("%s is not used", name)
		}
	}
}
