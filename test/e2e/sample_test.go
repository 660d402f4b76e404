// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	_ "embed"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	testcluster "github.com/superset-operator/superset-operator/test/cluster"
)

// The samples of config/samples that journeys install. Each has a kustomization in
// the folder of its name below samples, with everything that differs.
const (
	minimalSample    = "minimal"
	productionSample = "production"
)

var (
	//go:embed manifests/production.yaml
	productionManifest string

	//go:embed manifests/packages.yaml
	packagesManifest string
)

// manifest is the Superset of the journey, at its first release.
func (j *trip) manifest(t *testing.T) string {
	t.Helper()
	if j.sample == "" {
		return render(t, supersetText, tenant{Namespace: j.namespace, Version: j.from, Config: j.config})
	}
	return j.kubectl(t, "", "kustomize", "--load-restrictor=LoadRestrictionsNone", filepath.Join("samples", j.sample))
}

// serversFor starts the servers that a sample names.
func (c cluster) serversFor(t *testing.T, sample string) {
	t.Helper()
	switch sample {
	case minimalSample:
		c.apply(t, packagesManifest)
		c.available(t, "servers", "packages")
		c.onServer(t, "", "createdb", "--owner=superset", c.database())
	case productionSample:
		c.certify(t, "postgres", "pgbouncer", "redis")
		c.apply(t, productionManifest)
		for _, name := range []string{"postgres", "pgbouncer", "redis"} {
			c.available(t, c.namespace, name)
		}
	}
}

// certify issues a certificate for servers of the namespace, and publishes the
// authority as the production sample expects it.
func (c cluster) certify(t *testing.T, hosts ...string) {
	t.Helper()
	pki, err := testcluster.NewPKI(t.TempDir(), "ca")
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := pki.Server("tls", c.namespace, hosts...)
	if err != nil {
		t.Fatal(err)
	}
	in := "--namespace=" + c.namespace
	c.kubectl(t, "", in, "create", "secret", "generic", "servers",
		"--from-file=tls.crt="+cert, "--from-file=tls.key="+key, "--from-file=ca.crt="+pki.CAFile)
	c.kubectl(t, "", in, "create", "configmap", "bi-trust", "--from-file=ca.pem="+pki.CAFile)
}

// checkSample requires that a sample runs as it says.
func (c cluster) checkSample(t *testing.T) {
	t.Helper()
	switch c.sample {
	case minimalSample:
		pins := c.kubectl(t, "", "--namespace="+c.namespace, "get", "ssweb", "bi", "--output=jsonpath={.spec.packages}")
		if !strings.HasPrefix(pins, `["psycopg2-binary==`) {
			t.Errorf("the pods install %s, want psycopg2-binary", pins)
		}
	case productionSample:
		c.poolsAll(t)
	}
}

// poolsAll requires that the application reaches the database through the pooler
// alone, and over TLS.
func (c cluster) poolsAll(t *testing.T) {
	t.Helper()
	address := strings.TrimSpace(c.kubectl(t, "", "--namespace="+c.namespace, "get", "pods", "--selector=app=pgbouncer", "--output=jsonpath={.items[0].status.podIP}"))
	const sessions = "SELECT count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE usename = 'superset_app'"
	pooled := " AND ssl AND client_addr = '" + address + "'"
	if all, through := c.count(t, sessions), c.count(t, sessions+pooled); all == 0 || through != all {
		t.Errorf("%d of %d sessions of the application are those of the pooler at %q, over TLS", through, all, address)
	}
}

// proxy is what is in front of a Superset with spec.web.url: users speak TLS with
// it, and it speaks HTTP with the Service at the address.
type proxy struct{ address string }

// RoundTrip implements [http.RoundTripper].
func (p proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.Host = r.URL.Host
	out.Header.Set("X-Forwarded-Proto", "https")
	out.URL.Scheme, out.URL.Host = "http", strings.TrimPrefix(p.address, "http://")
	return http.DefaultTransport.RoundTrip(out)
}
