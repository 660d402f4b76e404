// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/test/cluster"
)

// overlay is the folder of the overlay that copyOf adds: config/default with all components
// that need no other API.
const overlay = "overlay"

// copyOf returns a copy of the sources of the installation, which a test may change.
func copyOf(t *testing.T) string {
	t.Helper()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	sources := t.TempDir()
	for _, folder := range []string{"config", "charts"} {
		if err := os.CopyFS(filepath.Join(sources, folder), os.DirFS(filepath.Join(root, folder))); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(sources, overlay, "kustomization.yaml"), `
resources: [../config/default, superset]
components: [../config/components/namespaced, ../config/components/network-policy, ../config/components/high-availability]
`)
	write(t, filepath.Join(sources, overlay, "superset", "kustomization.yaml"), `
namespace: superset
resources: [../../config/rbac/namespaced]
`)
	return sources
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// addField adds a field to the CRD of the Superset, as a later release of the operator may.
func addField(t *testing.T, sources string) {
	t.Helper()
	for _, path := range []string{
		"config/crd/bases/superset-operator.dev_supersets.yaml",
		"charts/superset-operator/files/crds/superset-operator.dev_supersets.yaml",
	} {
		path = filepath.Join(sources, path)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		const before = "          spec:\n"
		if bytes.Count(content, []byte(before)) != 1 {
			t.Fatalf("%s has not one line %q", path, before)
		}
		added := strings.Replace(string(content), before, "          later:\n            description: later is a field of a later release.\n            type: object\n"+before, 1)
		if err := os.WriteFile(path, []byte(added), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// fieldExists is true when the API server serves that field.
func fieldExists(t *testing.T) bool {
	t.Helper()
	return kubectl(t, "get", "crd", "supersets.superset-operator.dev",
		"-o", "jsonpath={.spec.versions[0].schema.openAPIV3Schema.properties.later.type}") == "object"
}

func kustomized(folder string) func(*testing.T, string) {
	return func(t *testing.T, sources string) {
		t.Helper()
		kubectl(t, "apply", "--server-side", "-k", filepath.Join(sources, folder))
	}
}

// documented runs the commands of docs/how-to/uninstall.md for the operator alone, and checks
// that nothing of it is left but the namespace.
func documented(t *testing.T, _ string) {
	t.Helper()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "how-to", "uninstall.md"))
	if err != nil {
		t.Fatal(err)
	}
	section, _, _ := strings.Cut(string(page), "## Supersets")
	commands := 0
	for line := range strings.Lines(section) {
		if arguments, found := strings.CutPrefix(line, "    kubectl "); found {
			kubectl(t, strings.Fields(arguments)...)
			commands++
		}
	}
	if commands < 3 {
		t.Fatalf("the page has %d commands", commands)
	}
	left := kubectl(t, "get", "deployment,serviceaccount,role,rolebinding,clusterrole,clusterrolebinding,validatingadmissionpolicy", "--all-namespaces", "-o", "name")
	for name := range strings.Lines(left) {
		if strings.Contains(name, "superset") {
			t.Errorf("the page leaves %s", name)
		}
	}
}

// unkustomized deletes everything of a kustomization but the CRDs.
func unkustomized(folder string) func(*testing.T, string) {
	return func(t *testing.T, sources string) {
		t.Helper()
		all := kubectl(t, "kustomize", filepath.Join(sources, folder))
		var rest []string
		for _, document := range strings.Split(all, "\n---\n") {
			if !strings.Contains(document, "\nkind: CustomResourceDefinition\n") {
				rest = append(rest, document)
			}
		}
		if len(rest) < 8 {
			t.Fatalf("%d objects to delete", len(rest))
		}
		path := filepath.Join(t.TempDir(), "rest.yaml")
		write(t, path, strings.Join(rest, "\n---\n"))
		kubectl(t, "delete", "--ignore-not-found", "-f", path)
	}
}

// helmed installs or upgrades the chart, and waits as a user does.
func helmed(flags ...string) func(*testing.T, string) {
	return func(t *testing.T, sources string) {
		t.Helper()
		helm(t, append([]string{
			"upgrade", "--install", "superset-operator", filepath.Join(sources, "charts", "superset-operator"),
			"--namespace", operatorNamespace, "--create-namespace", "--wait", "--timeout", "2m", "--set", "image.tag=test",
		}, flags...)...)
	}
}

func unhelmed(t *testing.T, _ string) {
	t.Helper()
	helm(t, "uninstall", "superset-operator", "--namespace", operatorNamespace, "--ignore-not-found", "--wait")
}

// helmPath is the program that the module hack/chart pins.
func helmPath(t *testing.T) string {
	t.Helper()
	root, err := cluster.Root()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "-C", filepath.Join(root, "hack", "chart"), "tool", "-n", "helm").Output()
	if err != nil {
		t.Fatalf("building helm: %v", err)
	}
	return strings.TrimSpace(string(out))
}
