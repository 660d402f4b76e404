// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	_ "embed"
	"os/exec"
	"strings"
	"testing"
	"text/template"
)

var (
	//go:embed manifests/servers.yaml
	serversManifest string

	//go:embed manifests/mysql.yaml
	mysqlManifest string

	//go:embed manifests/tenant.yaml.tmpl
	tenantText string

	//go:embed manifests/superset.yaml.tmpl
	supersetText string
)

// tenant has the values for the manifests.
type tenant struct {
	Namespace string
	// Database of this Superset on the shared server; MySQL selects the server.
	Database string
	MySQL    bool
	// Sample of config/samples, which has servers and a Secret of its own.
	Sample string
	// Volume is the folder on the node for its backups.
	Volume string
	// Version that is installed first.
	Version string
	// Config has additional lines of Python for the configuration.
	Config []string
}

// tenant creates what one Superset needs, in a namespace that is deleted with the
// test. Only the database server is shared and stays, except for that of a sample.
func (c cluster) tenant(t *testing.T, namespace string) cluster {
	t.Helper()
	c.namespace = namespace
	c.volume = t.TempDir() // before the cleanup, so that it outlives the pods
	t.Cleanup(func() {
		c.explainFailure(t)
		// Not with the test's context, which has ended by now.
		for _, what := range [][]string{{"namespace", namespace}, {"persistentvolume", "backups-" + namespace}} {
			if out, err := exec.Command("kubectl", append([]string{"delete"}, what...)...).CombinedOutput(); err != nil {
				t.Errorf("deleting %s: %v\n%s", what, err, out)
			}
		}
	})
	c.apply(t, serversManifest)
	c.available(t, "servers", "postgres")
	if c.mysql {
		c.apply(t, mysqlManifest)
		c.available(t, "servers", "mysql")
	}
	c.apply(t, render(t, tenantText, tenant{Namespace: namespace, Database: c.database(), MySQL: c.mysql, Sample: c.sample, Volume: c.volume}))
	if c.sample != "" {
		c.serversFor(t, c.sample)
		return c
	}
	c.available(t, namespace, "redis")
	return c
}

func render(t *testing.T, text string, values any) string {
	t.Helper()
	parsed, err := template.New("").Parse(text)
	if err != nil {
		t.Fatalf("reading a manifest: %v", err)
	}
	manifest := strings.Builder{}
	if err := parsed.Execute(&manifest, values); err != nil {
		t.Fatalf("rendering a manifest: %v", err)
	}
	return manifest.String()
}
