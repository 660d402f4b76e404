// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

const (
	messageVersion = "version must be a full semantic version without a leading v that ends with a letter or digit: write for example 6.0.0 or 6.0.0-acme.1"
	messageName    = "the name must be a DNS label that begins with a letter and has no dot: write for example my-bi instead of my.bi, and bi2 instead of 2bi"
)

// wrong has a manifest for each message of a CEL rule.
var wrong = map[string]func(f *fixture) client.Object{
	messageVersion: func(f *fixture) client.Object {
		return f.superset("v6.0.0")
	},
	"tag must be an image tag, such as 6.0.0-py311; a digest goes into image.digest": func(f *fixture) client.Object {
		return f.superset("6.0.0", tag("6.0.0@sha256"))
	},
	"digest must be sha256: followed by 64 hexadecimal digits": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Image.Digest = "sha256:short" })
	},
	"env must not set SUPERSET_SECRET_KEY, SUPERSET_DATABASE_URI, SUPERSET_CACHE_URL, SUPERSET_CACHE_KEY_PREFIX, SUPERSET_CONFIG_PATH or SUPERSET_HOME: the operator sets them from secretKeyFrom, database and cache": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) {
			s.Spec.Worker.Env = []v1alpha1.EnvVar{{Name: "SUPERSET_HOME", Value: "/elsewhere"}}
		})
	},
	"set secretRef or configMapRef: each item of envFrom has one of the two": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.EnvFrom = v1alpha1.EnvFromSources{{}} })
	},
	"prefix must begin with a letter or _ and consist of letters, digits, _, . and -: write for example BI_": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) {
			s.Spec.Jobs = &v1alpha1.JobsSpec{PodSettings: v1alpha1.PodSettings{EnvFrom: v1alpha1.EnvFromSources{{Prefix: "1", SecretRef: &v1alpha1.ObjectSelector{Name: "theirs"}}}}}
		})
	},
	"write the name of a package and versions without spaces, such as psycopg2-binary or clickhouse-connect>=0.7,<1; what is not a wheel of an index (a URL, a path, a repository) goes into an image of your own": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) {
			s.Spec.Packages = []v1alpha1.PackageRequirement{"driver @ https://example.com/driver.whl"}
		})
	},
	"a hash is that of one version: write for example psycopg2-binary==2.9.10 --hash=sha256:... with one hash for each file, or remove the hashes": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) {
			s.Spec.Packages = []v1alpha1.PackageRequirement{v1alpha1.PackageRequirement("psycopg2-binary>=2.9 --hash=sha256:" + strings.Repeat("0a", 32))}
		})
	},
	"a component installs exactly what is written: write one version, such as psycopg2-binary==2.9.10, and the packages that it needs": func(f *fixture) client.Object {
		c := f.component(components.Web)
		c.ComponentSpec().Packages = []v1alpha1.PinnedPackage{"psycopg2-binary"}
		return c
	},
	"write the name of a Secret of this namespace alone, such as bi-database": func(f *fixture) client.Object {
		return f.superset("6.0.0", restarts("bi/database"))
	},
	"credentials are for one index: set url, or remove authFrom": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) {
			s.Spec.PackagesIndex = &v1alpha1.PackagesIndexSpec{AuthFrom: &v1alpha1.SecretReference{Name: "index"}}
		})
	},
	"write the address of a simple index, such as https://packages.example.com/simple; credentials go into authFrom": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) {
			s.Spec.PackagesIndex = &v1alpha1.PackagesIndexSpec{URL: "https://user:password@packages.example.com/simple"}
		})
	},
	"the name of a feature flag consists of capitals, digits and _, and begins with a capital: write for example ALERT_REPORTS": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.FeatureFlags = map[string]bool{"alerts": true} })
	},
	"the name of a file in config.files consists of letters, digits, -, _ and ., begins with a letter or digit, and is not superset_config.py: write for example ca.pem": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) {
			s.Spec.Config.Files = map[string]v1alpha1.ConfigFile{"superset_config.py": {Value: new(string)}}
		})
	},
	"set value or configMapKeyRef: each file has one of the two": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Config.Files = map[string]v1alpha1.ConfigFile{"a": {}} })
	},
	"maxTasksPerChild replaces processes, which only the pool prefork has: remove it, or set pool: prefork": func(f *fixture) client.Object {
		return f.superset("6.0.0", celery(v1alpha1.CelerySpec{Pool: "threads", MaxTasksPerChild: count(100)}))
	},
	"the pool solo runs one task at a time: remove concurrency, or set another pool": func(f *fixture) client.Object {
		return f.superset("6.0.0", celery(v1alpha1.CelerySpec{Pool: "solo", Concurrency: count(2)}))
	},
	"celery sets the arguments of the default command: remove command and args, or write the options there and remove celery": func(f *fixture) client.Object {
		return f.superset("6.0.0", celery(v1alpha1.CelerySpec{}), func(s *v1alpha1.Superset) { s.Spec.Worker.Args = []string{"--autoscale=8,2"} })
	},
	"keyPrefix must consist of lower-case letters, digits, and -, _ or . between them: write for example bi": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Cache.KeyPrefix = "bi:" })
	},
	"set exactly one of uriFrom and host: uriFrom names a Secret key with the whole URI, host begins the parts of a connection": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Database.Jobs = &v1alpha1.DatabaseConnection{} })
	},
	"uriFrom has the whole connection: remove driver, port, name, user, userFrom, passwordFrom and tls, or set host instead of uriFrom": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Database.User = "bi" })
	},
	"a connection by parts needs name, and exactly one of user and userFrom": func(f *fixture) client.Object {
		return f.superset("6.0.0", byParts("bi"), func(s *v1alpha1.Superset) { s.Spec.Database.UserFrom = s.Spec.Database.PasswordFrom })
	},
	"name is a database without ? and line breaks, and without spaces at its ends: write for example superset; options go into uriFrom": func(f *fixture) client.Object {
		return f.superset("6.0.0", byParts("bi"), func(s *v1alpha1.Superset) { s.Spec.Database.Name = "bi?sslmode=require" })
	},
	"host is a name or an address alone: write for example db.example or 2001:db8::1, and the port into port": func(f *fixture) client.Object {
		return f.superset("6.0.0", byParts("bi"), func(s *v1alpha1.Superset) { s.Spec.Cache.Host = "redis.example:6379" })
	},
	"verify-ca and verify-full need a certificate to trust: set caFrom, or mode: require": func(f *fixture) client.Object {
		return f.superset("6.0.0", byParts("bi"), func(s *v1alpha1.Superset) { s.Spec.Database.TLS = &v1alpha1.TLSSpec{Mode: v1alpha1.TLSVerifyFull} })
	},
	"a client certificate has a key: set certFrom and keyFrom, or neither": func(f *fixture) client.Object {
		return f.superset("6.0.0", byParts("bi"), func(s *v1alpha1.Superset) {
			s.Spec.Database.TLS = &v1alpha1.TLSSpec{CertFrom: &v1alpha1.SecretKeyReference{Name: "tls", Key: "crt"}}
		})
	},
	"set exactly one of secretKeyRef and configMapKeyRef": func(f *fixture) client.Object {
		return f.superset("6.0.0", byParts("bi"), func(s *v1alpha1.Superset) {
			s.Spec.Database.TLS = &v1alpha1.TLSSpec{CAFrom: &v1alpha1.KeySource{}}
		})
	},
	"set exactly one of urlFrom and host: urlFrom names a Secret key with the whole URL, host begins the parts of a connection": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Cache.Host = "redis.example" })
	},
	"urlFrom has the whole connection: remove port, user, passwordFrom, databases and tls, or set host instead of urlFrom": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Cache.TLS = &v1alpha1.TLSSpec{} })
	},
	"username begins and ends with a visible character: write for example admin": func(f *fixture) client.Object {
		return f.superset("6.0.0", initialized(v1alpha1.InitSpec{AdminUser: &v1alpha1.AdminUserSpec{Username: " admin"}}))
	},
	"write an address such as admin@example.com": func(f *fixture) client.Object {
		return f.superset("6.0.0", initialized(v1alpha1.InitSpec{AdminUser: &v1alpha1.AdminUserSpec{Email: "admin"}}))
	},
	"deadlines must be longer than 0s, for example 30m or 1h": func(f *fixture) client.Object {
		return f.superset("6.0.0", deadlines(v1alpha1.Deadlines{Verify: lasts(0)}))
	},
	"maxLockTime must be longer than 0s, for example 5s": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Upgrade.MaxLockTime = lasts(0) })
	},
	"schedule must not contain a time zone: set timeZone": func(f *fixture) client.Object {
		return f.superset("6.0.0", windows(v1alpha1.MaintenanceWindow{Schedule: "CRON_TZ=UTC @daily", Duration: *lasts(time.Hour)}))
	},
	"duration must be longer than 0s, for example 4h": func(f *fixture) client.Object {
		return f.superset("6.0.0", windows(v1alpha1.MaintenanceWindow{Schedule: "@daily"}))
	},
	"rollback: Restore needs a backup: set backup (backup: {} is enough)": func(f *fixture) client.Object {
		return f.superset("6.0.0", rollbackClass(v1alpha1.RollbackRestore))
	},
	"charts are read as a user: set loginFrom to the name of a Secret": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Upgrade.Verify.Charts = []int32{1} })
	},
	"soak must be between 0s and 24h, for example 10m": func(f *fixture) client.Object {
		return f.superset("6.0.0", soak(25*time.Hour))
	},
	"url must be http:// or https:// with a host, and optionally a port and a path, for example http://prometheus.monitoring.svc:9090; put credentials into tokenFrom": func(f *fixture) client.Object {
		return f.superset("6.0.0", queries("http://user:password@prometheus:9090", "errors"))
	},
	"name must consist of letters and digits, with -, _ and . between them, for example errors": func(f *fixture) client.Object {
		return f.superset("6.0.0", queries("http://prometheus:9090", "two words"))
	},
	"command and restoreCommand belong together: set both or neither": func(f *fixture) client.Object {
		return f.superset("6.0.0", backup(v1alpha1.BackupSpec{Image: "registry.example.com/tool:1", Command: []string{"save"}}))
	},
	"command needs an image that contains it: set image": func(f *fixture) client.Object {
		return f.superset("6.0.0", backup(v1alpha1.BackupSpec{Command: []string{"save"}, RestoreCommand: []string{"load"}}))
	},
	"name refers to an existing claim: remove size and storageClassName, or remove name": func(f *fixture) client.Object {
		slow := "slow"
		return f.superset("6.0.0", backup(v1alpha1.BackupSpec{Claim: v1alpha1.BackupClaim{Name: "ours", StorageClassName: &slow}}))
	},
	"size is for the database that the Job runs: remove size, or remove scratchURIFrom": func(f *fixture) client.Object {
		size := resource.MustParse("1Gi")
		return f.superset("6.0.0", func(s *v1alpha1.Superset) {
			s.Spec.Upgrade.RehearsalJob = v1alpha1.RehearsalJobSpec{Size: &size, ScratchURIFrom: &v1alpha1.SecretKeyReference{Name: "scratch", Key: "uri"}}
		})
	},
	"html is a complete page: remove title and message, or remove html": func(f *fixture) client.Object {
		return f.superset("6.0.0", page(v1alpha1.MaintenancePageSpec{HTML: "<p>Soon.</p>", Title: "Soon"}))
	},
	"image serves its own page: remove html, title and message, or remove image": func(f *fixture) client.Object {
		return f.superset("6.0.0", page(v1alpha1.MaintenancePageSpec{Image: "registry.example.com/page:1", Message: "Soon."}))
	},
	"set value or valueFrom, not both": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) {
			s.Spec.Web.Env = []v1alpha1.EnvVar{{Name: "A", Value: "1", ValueFrom: &v1alpha1.EnvVarSource{FieldRef: &v1alpha1.FieldSelector{FieldPath: "metadata.name"}}}}
		})
	},
	"no component is enabled: set web, worker or scheduler (web: {} is enough)": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Web, s.Spec.Worker, s.Spec.Scheduler = nil, nil, nil })
	},
	"worker and scheduler need a Celery broker: set cache.urlFrom": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Cache = nil })
	},
	"monitoring.healthExporter asks the Celery broker: set cache.urlFrom, or remove healthExporter": func(f *fixture) client.Object {
		return f.superset("6.0.0", health(true), func(s *v1alpha1.Superset) { s.Spec.Cache, s.Spec.Worker, s.Spec.Scheduler = nil, nil, nil })
	},
	"write a host name or an address without a port, such as bi-statsd": func(f *fixture) client.Object {
		c := f.component(components.Web)
		c.ComponentSpec().StatsdHost = "http://bi-statsd"
		return c
	},
	"write a path that begins with a slash and does not end with one, such as /analytics; remove basePath to serve at /": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Web.BasePath = "/analytics/" })
	},
	"write scheme and host as users see them, such as https://bi.example.com; a path goes into basePath": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Spec.Web.URL = "bi.example.com/analytics" })
	},
	"a nodePort needs the type NodePort or LoadBalancer: set type, or remove nodePort": func(f *fixture) client.Object {
		return f.superset("6.0.0", service(v1alpha1.ServiceSpec{NodePort: new(int32(30080))}))
	},
	"annotations below superset-operator.dev/ are the operator's: choose another name": func(f *fixture) client.Object {
		return f.superset("6.0.0", service(v1alpha1.ServiceSpec{Annotations: map[string]string{v1alpha1.AnnotationApplied: "x"}}))
	},
	"labels below app.kubernetes.io/ and superset-operator.dev/ are the operator's: choose another name": func(f *fixture) client.Object {
		return f.superset("6.0.0", service(v1alpha1.ServiceSpec{Labels: map[string]string{v1alpha1.LabelName: "x"}}))
	},
	"name is an account of yours, which the operator does not change: remove annotations and annotate that account, or remove name": func(f *fixture) client.Object {
		return f.superset("6.0.0", account(v1alpha1.ServiceAccountSpec{Name: "mine", Annotations: map[string]string{"a": "b"}}))
	},
	"write the name of a ServiceAccount of this namespace, such as bi-cloud": func(f *fixture) client.Object {
		return f.superset("6.0.0", account(v1alpha1.ServiceAccountSpec{Name: "Mine"}))
	},
	messageName: func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Name = "my.bi" })
	},
	"the name must have at most 40 characters: the names of its Jobs and Deployments contain it": func(f *fixture) client.Object {
		return f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Name = strings.Repeat("a", 41) })
	},
	"the name must have at most 50 characters: the names of its pods contain it": func(f *fixture) client.Object {
		c := f.component(components.Web)
		c.SetName(strings.Repeat("a", 51))
		return c
	},
	"a worker needs a Celery broker: set cache.urlFrom": func(f *fixture) client.Object {
		c := f.component(components.Worker)
		c.ComponentSpec().Cache = nil
		return c
	},
	"a scheduler needs a Celery broker: set cache.urlFrom": func(f *fixture) client.Object {
		c := f.component(components.Scheduler)
		c.ComponentSpec().Cache = nil
		return c
	},
	"set configMapName or config, not both": func(f *fixture) client.Object {
		c := f.component(components.Web)
		c.ComponentSpec().ConfigMapName, c.ComponentSpec().Config = "mine", &v1alpha1.ConfigSpec{}
		return c
	},
}

func celery(c v1alpha1.CelerySpec) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Worker.Celery = &c }
}

func count(n int32) *int32 { return &n }

// The message of every rule of the API names what to write instead.
func TestMessages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	must(t, k8s.Create(t.Context(), f.superset("6.0.0"), client.DryRunAll))
	all := messages(t)
	for _, message := range all {
		manifest, ok := wrong[message]
		switch {
		case strings.HasPrefix(message, "fence must not decrease"): // TestFenceNeverShrinks
		case !ok:
			t.Errorf("no manifest in this test breaks the rule: %s", message)
		default:
			refused(t, k8s.Create(t.Context(), manifest(f), client.DryRunAll), message)
		}
	}
	if len(all) != len(wrong)+1 {
		t.Errorf("%d messages in the CRDs, %d manifests: one manifest is for a rule that no longer exists", len(all), len(wrong))
	}
}

// A name that no Service can have and a version that no label can have are refused at
// admission; unusual ones that work are accepted.
func TestNamesAndVersions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, message := range map[string]string{"my.bi": messageName, "2bi": messageName, "b": "", "bi-2": ""} {
		s := f.superset("6.0.0", func(s *v1alpha1.Superset) { s.Name = name })
		checkAdmission(t, s, name, message)
		c := f.component(components.Worker)
		c.SetName(name)
		checkAdmission(t, c, name, message)
	}
	for version, message := range map[string]string{
		"6.0.0-rc-": messageVersion, "6.0.0-rc.": messageVersion, "6.0.0-a..b": messageVersion, "6.0": messageVersion,
		"6.0.0-rc1": "", "6.0.0-acme.2": "", "6.0.0-x--y.0": "",
	} {
		checkAdmission(t, f.superset(version), version, message)
	}
}

// checkAdmission creates an object on trial; an empty message means that it is accepted.
func checkAdmission(t *testing.T, object client.Object, what, message string) {
	t.Helper()
	err := k8s.Create(t.Context(), object, client.DryRunAll)
	if message != "" {
		refused(t, err, message)
	} else if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
