// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

var crds = []string{"supersets", "supersetwebworkers", "supersetasyncworkers", "supersetasyncschedulers"}

// A CRD must stay small enough that client-side kubectl apply can store a copy of
// it as JSON in an annotation, where 256 KiB fit, with room to grow.
func TestCRDsAreSmall(t *testing.T) {
	t.Parallel()
	for _, plural := range crds {
		text, err := os.ReadFile(filepath.Join("../../config/crd/bases", "superset-operator.dev_"+plural+".yaml"))
		must(t, err)
		stored, err := yaml.YAMLToJSON(text)
		must(t, err)
		if len(stored) > 120<<10 { // the README says so
			t.Errorf("the CRD of %s has %d bytes of JSON, more than 120 KiB", plural, len(stored))
		}
		if definition(t, plural).GetAnnotations()["kubectl.kubernetes.io/last-applied-configuration"] == "" {
			t.Errorf("the CRD of %s was not applied by client-side kubectl apply", plural)
		}
	}
}

// kubectl explain describes every field.
func TestEveryFieldIsDescribed(t *testing.T) {
	t.Parallel()
	for _, plural := range crds {
		n := 0
		walk(schemaOf(t, plural), plural, func(path string, node map[string]any) {
			n++
			if text, _ := node["description"].(string); len(text) < 10 && !strings.HasSuffix(path, ".metadata") {
				t.Errorf("the description of %s is %q", path, text)
			}
		})
		if n < 50 {
			t.Errorf("found only %d fields of %s", n, plural)
		}
	}
	contains(t, kubectlOutput(t, "explain", "superset.spec.version"), "FIELD: version <string>", "a full semantic version", "starts a staged upgrade")
	contains(t, kubectlOutput(t, "explain", "sset", "--recursive"), "upgradeRevision", "podTemplate", "heldRelease")
}

// walk visits every property of a schema.
func walk(node map[string]any, path string, see func(path string, node map[string]any)) {
	properties, _ := node["properties"].(map[string]any)
	for name, p := range properties {
		child := p.(map[string]any)
		see(path+"."+name, child)
		walk(child, path+"."+name, see)
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if child, ok := node[key].(map[string]any); ok {
			walk(child, path+"[]", see)
		}
	}
}

// The columns of kubectl get, with the short names of the resources.
func TestColumns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	for short, want := range map[string][]string{
		"sset":     {"NAME", "READY", "VERSION", "TARGET", "PHASE", "STEP", "SINCE", "AGE", "MESSAGE"},
		"ssweb":    {"NAME", "READY", "VERSION", "PODS", "MODE", "AGE", "MESSAGE"},
		"ssworker": {"NAME", "READY", "VERSION", "PODS", "MODE", "AGE", "MESSAGE"},
		"ssbeat":   {"NAME", "READY", "VERSION", "MODE", "AGE", "MESSAGE"},
	} {
		lines := strings.Split(kubectlOutput(t, "get", short, "-n", f.ns), "\n")
		if diff := cmp.Diff(want, strings.Fields(lines[0])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", short, diff)
		}
		contains(t, lines[1], "bi", "True", "5.0.0", "is running")
	}
}

// definition reads a CRD from the API server.
func definition(t *testing.T, plural string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	must(t, k8s.Get(t.Context(), client.ObjectKey{Name: plural + ".superset-operator.dev"}, u))
	return u
}

func schemaOf(t *testing.T, plural string) map[string]any {
	t.Helper()
	versions, _, err := unstructured.NestedSlice(definition(t, plural).Object, "spec", "versions")
	must(t, err)
	root, found, err := unstructured.NestedMap(versions[0].(map[string]any), "schema", "openAPIV3Schema")
	must(t, err)
	if !found {
		t.Fatalf("%s has no schema", plural)
	}
	return root
}

// messages returns the messages of all CEL rules of a schema.
func messages(t *testing.T) []string {
	t.Helper()
	var out []string
	collect := func(_ string, node map[string]any) {
		items, _ := node["items"].(map[string]any)
		values, _ := node["additionalProperties"].(map[string]any)
		for _, of := range []map[string]any{node, items, values} {
			rules, _ := of["x-kubernetes-validations"].([]any)
			for _, rule := range rules {
				out = append(out, rule.(map[string]any)["message"].(string))
			}
		}
	}
	for _, plural := range crds {
		root := schemaOf(t, plural)
		collect("", root)
		walk(root, plural, collect)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func kubectlOutput(t *testing.T, arguments ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), control.Kubectl, append([]string{"--kubeconfig", control.Kubeconfig}, arguments...)...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return string(out)
}
