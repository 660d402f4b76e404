// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/canary"
	"github.com/superset-operator/superset-operator/test/cluster/world"
	"github.com/superset-operator/superset-operator/test/sample"
)

// TestCanary gives every key of every Secret that a spec can refer to a value of its own, lets
// the operator do all kinds of runs, and then looks for the values: in every object that is not
// a Secret, in etcd, in the log and the metrics of the operator and in the audit log.
func TestCanary(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	values := f.secrets()
	f.permit("all")
	f.install("5.0.0", refersToEverySecret)
	f.inSync(metav1.ConditionTrue, v1alpha1.ReasonInSync)
	f.edit(version("6.0.0"), strategy(v1alpha1.StrategyDrain))
	f.ready("6.0.0")
	f.edit(func(s *v1alpha1.Superset) {
		before := s.Spec.SecretKeyFrom
		s.Spec.PreviousSecretKeyFrom, s.Spec.SecretKeyFrom = &before, v1alpha1.SecretKeyReference{Name: "all", Key: "next-secret-key"}
	})
	f.ready("6.0.0")
	f.edit(version("6.1.0"), tag("6.1.0-"+string(world.MigrateFails)))
	s := f.rolledBack("6.0.0")
	everyReferenceIsSet(t, reflect.ValueOf(s.Spec), "spec")

	secrets, _, err := canary.Etcd(t.Context(), control.Etcd)
	must(t, err)
	stored := ""
	for _, text := range secrets {
		stored += text
	}
	if got := canary.Find(stored, values...); len(got) != len(values) {
		t.Errorf("the Secrets in etcd have %d of %d values: the search finds nothing", len(got), len(values))
	}
	for sink, text := range f.sinks(f.ns) {
		if found := canary.Find(text, values...); found != nil {
			t.Errorf("%s has the values %v", sink, found)
		}
	}
	f.findsWhatIsPlanted()
}

// secrets creates a Secret with a value for each use, and replaces those of the sample.
func (f *fixture) secrets() []string {
	f.t.Helper()
	var values []string
	value := func() string {
		values = append(values, "canary"+strings.ToLower(rand.Text()))
		return values[len(values)-1]
	}
	all := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "all", Namespace: f.ns}, StringData: map[string]string{}}
	all.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: value()} // kubectl apply stores the content
	for _, key := range []string{"next-secret-key", "scratch-uri", "username", "password", "token", "variable", "pull",
		"ca", "certificate", "private-key", "database-user", "database-password", "redis-password", "results-url", "admin-password", "datasources"} {
		all.StringData[key] = value()
	}
	must(f.t, k8s.Create(f.t.Context(), all))
	shared := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: sample.Name, Namespace: f.ns}}
	must(f.t, k8s.Patch(f.t.Context(), shared, client.RawPatch(types.MergePatchType, fmt.Appendf(nil,
		`{"stringData":{"secret-key":%q,"database-uri":"postgresql://superset:%s@db.example/superset","redis-url":"redis://:%s@redis.example/0"}}`,
		value(), value(), value()))))
	return values
}

// refersToEverySecret sets every reference to a Secret but that to the previous secret key.
func refersToEverySecret(s *v1alpha1.Superset) {
	ref := func(key string) *v1alpha1.SecretKeyReference {
		return &v1alpha1.SecretKeyReference{Name: "all", Key: key}
	}
	env := []v1alpha1.EnvVar{{Name: "A", ValueFrom: &v1alpha1.EnvVarSource{SecretKeyRef: &v1alpha1.KeySelector{Name: "all", Key: "variable"}}}}
	s.Spec.Web.Env, s.Spec.Worker.Env, s.Spec.Scheduler.Env = env, env, env
	s.Spec.Jobs = &v1alpha1.JobsSpec{PodSettings: v1alpha1.PodSettings{Env: env}}
	from := v1alpha1.EnvFromSources{{SecretRef: &v1alpha1.ObjectSelector{Name: "all"}, Prefix: "ALL_"}}
	s.Spec.Env, s.Spec.EnvFrom = v1alpha1.EnvVars{{Name: "B", ValueFrom: env[0].ValueFrom}}, from
	s.Spec.Web.EnvFrom, s.Spec.Worker.EnvFrom, s.Spec.Scheduler.EnvFrom, s.Spec.Jobs.EnvFrom = from, from, from, from
	s.Spec.Image.PullSecrets, s.Spec.RefreshSecrets = []string{"all"}, []v1alpha1.SecretName{"all"}
	tls := &v1alpha1.TLSSpec{CAFrom: &v1alpha1.KeySource{SecretKeyRef: ref("ca")}, CertFrom: ref("certificate"), KeyFrom: ref("private-key")}
	// The simulated databases have the name of the host, or of the Secret: this is one for both.
	s.Spec.Database = v1alpha1.DatabaseSpec{
		DatabaseConnection: v1alpha1.DatabaseConnection{Host: sample.Name, Name: "superset", UserFrom: ref("database-user"), PasswordFrom: ref("database-password"), TLS: tls},
		Jobs:               &v1alpha1.DatabaseConnection{URIFrom: s.Spec.Database.URIFrom},
	}
	s.Spec.Cache = &v1alpha1.CacheSpec{
		Host: "redis.example", PasswordFrom: ref("redis-password"), TLS: tls,
		Broker: &v1alpha1.URLSource{URLFrom: *s.Spec.Cache.URLFrom}, ResultBackend: &v1alpha1.URLSource{URLFrom: *ref("results-url")},
	}
	s.Spec.Init = &v1alpha1.InitSpec{
		AdminUser:  &v1alpha1.AdminUserSpec{PasswordFrom: *ref("admin-password")},
		ImportFrom: []v1alpha1.ImportSource{{Kind: v1alpha1.ImportDatasources, KeySource: v1alpha1.KeySource{SecretKeyRef: ref("datasources")}}},
	}
	s.Spec.Packages = []v1alpha1.PackageRequirement{"acme-driver"}
	s.Spec.PackagesIndex = &v1alpha1.PackagesIndexSpec{URL: "https://packages.example.com/simple", AuthFrom: &v1alpha1.SecretReference{Name: "all"}, CAFrom: tls.CAFrom}
	s.Spec.ServiceAccount = &v1alpha1.ServiceAccountSpec{} // one more kind in which a value could be
	rehearsed(s)
	backedUp(s)
	s.Spec.Upgrade.RehearsalJob.ScratchURIFrom = ref("scratch-uri")
	s.Spec.Upgrade.Verify.LoginFrom = &v1alpha1.LoginReference{Name: "all"}
	queries("http://prometheus.example.com:9090", "errors")(s)
	s.Spec.Upgrade.Verify.Prometheus.TokenFrom = ref("token")
}

// everyReferenceIsSet fails for a field that refers to a Secret and is not set, so that a new
// field is part of the test.
func everyReferenceIsSet(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	references := []reflect.Type{reflect.TypeFor[v1alpha1.SecretKeyReference](), reflect.TypeFor[v1alpha1.LoginReference](), reflect.TypeFor[v1alpha1.SecretReference](), reflect.TypeFor[v1alpha1.KeySelector](), reflect.TypeFor[v1alpha1.ObjectSelector]()}
	switch {
	case slices.Contains(references, v.Type()):
		if v.IsZero() && !strings.HasSuffix(path, "ConfigMapKeyRef") && !strings.HasSuffix(path, "ConfigMapRef") {
			t.Errorf("%s is not set", path)
		}
	case v.Kind() == reflect.Pointer && v.IsNil():
		if v.Type().Elem().Kind() == reflect.Struct && v.Type().Elem().PkgPath() == reflect.TypeFor[v1alpha1.Superset]().PkgPath() {
			everyReferenceIsSet(t, reflect.New(v.Type().Elem()).Elem(), path)
		}
	case v.Kind() == reflect.Pointer:
		everyReferenceIsSet(t, v.Elem(), path)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			everyReferenceIsSet(t, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case v.Kind() == reflect.Struct && v.Type().PkgPath() == reflect.TypeFor[v1alpha1.Superset]().PkgPath():
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; !otherForm(v, name) {
				everyReferenceIsSet(t, v.Field(i), path+"."+name)
			}
		}
	default:
	}
}

// otherForm is true for a field of the form of a connection that is not used: it is given by a URL
// or by its parts.
func otherForm(v reflect.Value, field string) bool {
	host := v.FieldByName("Host")
	if !host.IsValid() {
		return false
	}
	if host.IsZero() {
		return slices.Contains([]string{"UserFrom", "PasswordFrom", "TLS"}, field)
	}
	return field == "URIFrom" || field == "URLFrom"
}

// sinks are the texts that no value of a Secret may reach, by name.
func (f *fixture) sinks(namespace string) map[string]string {
	f.t.Helper()
	out, err := canary.Objects(f.t.Context(), k8s, namespace)
	must(f.t, err)
	_, others, err := canary.Etcd(f.t.Context(), control.Etcd)
	must(f.t, err)
	var etcd, audited strings.Builder
	for key, text := range others {
		etcd.WriteString(key + text + "\n")
	}
	out["etcd"] = etcd.String()
	log, err := os.ReadFile(operator.log)
	must(f.t, err)
	out["log"] = string(log)
	audit, err := os.ReadFile(control.AuditLog)
	must(f.t, err)
	for line := range strings.Lines(string(audit)) {
		if strings.Contains(line, namespace) {
			audited.WriteString(line)
		}
	}
	out["audit log"] = audited.String()
	response, err := http.Get("http://" + operator.metrics + "/metrics")
	must(f.t, err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	must(f.t, err)
	out["metrics"] = string(raw)
	if len(out) < 10 {
		f.t.Errorf("only %d sinks", len(out))
	}
	return out
}

// findsWhatIsPlanted puts another value into every sink, and requires that it is found there:
// a search that cannot find it would find no value of a Secret.
func (f *fixture) findsWhatIsPlanted() {
	f.t.Helper()
	planted := "planted" + strings.ToLower(rand.Text())
	ns := sample.Namespace()
	must(f.t, k8s.Create(f.t.Context(), ns))
	f.t.Cleanup(func() { _ = k8s.Delete(context.Background(), ns) })
	f.plant(ns.Name, planted)
	missing := func() []string {
		var out []string
		for sink, text := range f.sinks(ns.Name) {
			if canary.Find(text, planted) == nil {
				out = append(out, sink)
			}
		}
		return out
	}
	eventually(f.t, "the planted value is found in every sink", func() bool {
		left := missing()
		if len(left) > 0 {
			f.t.Logf("not found yet in %v", left)
		}
		return len(left) == 0
	})
}
