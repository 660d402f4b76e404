// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
)

// TestGenerated: the generated files are those of "make generate", and files/ has no others.
func TestGenerated(t *testing.T) {
	want, err := generated(root)
	if err != nil {
		t.Fatal(err)
	}
	chart := filepath.Join(root, chartFolder)
	for name, content := range want {
		got, err := os.ReadFile(filepath.Join(chart, name))
		if err != nil || string(got) != string(content) {
			t.Errorf("%s is stale (%v): run make generate", name, err)
		}
	}
	err = filepath.WalkDir(filepath.Join(chart, "files"), func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(chart, path)
		if err == nil && !entry.IsDir() && want[name] == nil {
			t.Errorf("%s is of no use: run make generate", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestLint(t *testing.T) {
	result := lint.RunAll(filepath.Join(root, chartFolder), nil, namespace)
	for _, m := range result.Messages {
		if m.Severity >= support.WarningSev {
			t.Error(m)
		}
	}
}

// TestSameAsManifests: the chart with its defaults installs what config/default installs.
func TestSameAsManifests(t *testing.T) {
	r := rendered(t, nil)
	for _, c := range []struct{ file, kind string }{
		{"config/rbac/role.yaml", "rules"},
		{"config/rbac/role_binding.yaml", "subjects"},
		{"config/rbac/role_binding.yaml", "roleRef"},
		{"config/rbac/leader_election_role.yaml", "rules"},
		{"config/rbac/leader_election_role_binding.yaml", "subjects"},
		{"config/rbac/metrics_auth_role.yaml", "rules"},
		{"config/rbac/metrics_auth_role_binding.yaml", "subjects"},
		{"config/rbac/metrics_reader_role.yaml", "rules"},
		{"config/rbac/superset_editor_role.yaml", "rules"},
		{"config/rbac/superset_viewer_role.yaml", "rules"},
		{"config/rbac/superset_approver_role.yaml", "rules"},
		{"config/crd/bases/superset-operator.dev_supersets.yaml", "spec"},
		{"config/crd/bases/superset-operator.dev_supersetwebworkers.yaml", "spec"},
		{"config/crd/bases/superset-operator.dev_supersetasyncworkers.yaml", "spec"},
		{"config/crd/bases/superset-operator.dev_supersetasyncschedulers.yaml", "spec"},
		{"config/rbac/service_account.yaml", "kind"},
		{"config/admission/policy.yaml", "spec"},
		{"config/admission/binding.yaml", "spec"},
	} {
		want := read(t, c.file)
		got, ok := r.objects[want.id()]
		if !ok {
			t.Errorf("%s: the chart has no %s", c.file, want.id())
			continue
		}
		if diff := cmp.Diff(want.at(c.kind), got.at(c.kind)); diff != "" {
			t.Errorf("%s of %s (-%s +chart):\n%s", c.kind, want.id(), c.file, diff)
		}
	}
	want, got := podOf(t, read(t, "config/manager/manager.yaml")), podOf(t, r.objects["Deployment/"+release])
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the pod (-config/manager +chart):\n%s", diff)
	}
}

// TestPolicyExemptsOperator: the policy exempts the account that the operator has.
func TestPolicyExemptsOperator(t *testing.T) {
	for set, account := range map[string]string{`{}`: release, `{"serviceAccount":{"name":"mine"}}`: "mine", `{"fullnameOverride":"bi"}`: "bi"} {
		values, _ := parsed(t, set).(map[string]any)
		if got := rendered(t, values).text; strings.Count(got, "system:serviceaccount:"+namespace+":"+account+"'") != 1 {
			t.Errorf("with %s the policy does not exempt the account %s", set, account)
		}
	}
}

// podOf is the pod of a Deployment without what differs by intent: the image, and arguments
// and variables that only the values of the chart set.
func podOf(t *testing.T, deployment manifest) map[string]any {
	t.Helper()
	pod, _ := deployment.at("spec", "template", "spec").(map[string]any)
	containers, _ := pod["containers"].([]any)
	if len(containers) != 1 {
		t.Fatalf("%s has %d containers", deployment.id(), len(containers))
	}
	container, _ := containers[0].(map[string]any)
	arguments, _ := container["args"].([]any)
	if len(arguments) == 0 || arguments[0] != "--leader-elect" {
		t.Errorf("%s has the arguments %v", deployment.id(), arguments)
	}
	for _, key := range []string{"image", "imagePullPolicy", "args", "env"} {
		delete(container, key)
	}
	return pod
}

func read(t *testing.T, file string) manifest {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := yaml.Unmarshal(content, (*map[string]any)(&m)); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestNamespaces: in the scope of namespaces there is a Role with all rules in each of them,
// and no ClusterRole or binding of one for the operator.
func TestNamespaces(t *testing.T) {
	r := rendered(t, parsed(t, `{"scope":{"namespaces":["a","b"]},"rbac":{"userRoles":false}}`).(map[string]any))
	for id := range r.objects {
		if strings.HasPrefix(id, "ClusterRole") {
			t.Errorf("there is a %s", id)
		}
	}
	want := read(t, "config/rbac/role.yaml")
	for _, n := range []string{"a", "b"} {
		role, binding := r.objects[n+"/Role/"+release], r.objects[n+"/RoleBinding/"+release]
		if diff := cmp.Diff(want.at("rules"), role.at("rules")); diff != "" {
			t.Errorf("the rules in %s (-config/rbac +chart):\n%s", n, diff)
		}
		subjects, _ := binding.at("subjects").([]any)
		if len(subjects) != 1 || !cmp.Equal(subjects[0], any(map[string]any{"kind": "ServiceAccount", "name": release, "namespace": namespace})) {
			t.Errorf("the Role in %s is bound to %v", n, subjects)
		}
	}
}

// TestKubernetesRelease: an older release than minKubernetes is refused before anything is
// installed, and a newer one is not.
func TestKubernetesRelease(t *testing.T) {
	older := map[string]any{"minKubernetes": "1.34"}
	for _, c := range []struct {
		version string
		values  map[string]any
		refused bool
	}{
		{"v1.34.9", nil, true}, {"v1.35.0", nil, false}, {"v1.35.2-eks-1a2b3c4", nil, false}, {"v1.40.1+rke2r1", nil, false}, {"v1.34.9", older, false},
	} {
		_, err := renderOn(t, c.version, c.values)
		if (err != nil) != c.refused || err != nil && !strings.Contains(err.Error(), "Set minKubernetes") {
			t.Errorf("%s with %v: %v", c.version, c.values, err)
		}
	}
}

// TestMemory: the operator learns its memory limit, whatever sets it, and a user's own target comes
// after it.
func TestMemory(t *testing.T) {
	const limit = "env:\n            - name: MEMORY_LIMIT\n              valueFrom:\n                resourceFieldRef:\n                  resource: limits.memory\n"
	own := map[string]any{"extraEnv": []any{map[string]any{"name": "GOMEMLIMIT", "value": "100MiB"}}}
	for want, values := range map[string]map[string]any{limit + "          ports": nil, limit + "            - name: GOMEMLIMIT\n              value: 100MiB\n": own} {
		if got := rendered(t, values).text; !strings.Contains(got, want) {
			t.Errorf("with %v: want\n%s", values, want)
		}
	}
}

// TestNotes: the notes say what uninstalling does.
func TestNotes(t *testing.T) {
	if text := rendered(t, nil).text; !strings.Contains(text, "leaves the CRDs and all Supersets") {
		t.Error("the notes do not say that Supersets stay")
	}
	gone := rendered(t, set([]string{"crds", "keep"}, false)).text
	if !strings.Contains(gone, "deletes the CRDs") {
		t.Error("the notes do not say that Supersets are deleted")
	}
}
