// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// The Role for one namespace has the rules of the ClusterRole.
func TestRoles(t *testing.T) {
	var all rbacv1.ClusterRole
	var one rbacv1.Role
	read(t, "config/rbac/role.yaml", &all)
	read(t, "config/rbac/namespaced/role.yaml", &one)
	if all.Kind != "ClusterRole" || one.Kind != "Role" || all.Name != one.Name || one.Namespace != "" {
		t.Errorf("%s %s and %s %s/%s", all.Kind, all.Name, one.Kind, one.Namespace, one.Name)
	}
	if diff := cmp.Diff(all.Rules, one.Rules); diff != "" || len(one.Rules) == 0 {
		t.Errorf("-ClusterRole +Role:\n%s", diff)
	}
}

// aggregated are the ClusterRoles of Kubernetes that each role for users is part of.
var aggregated = map[string][]string{"viewer": {"admin", "edit", "view"}, "editor": {"admin", "edit"}, "approver": {"admin"}}

// Whoever may write a Superset can read the Secrets of its namespace, which view cannot. An
// editor cannot approve, and an approver has no verb that the policy takes for an editor's.
func TestRolesOfUsers(t *testing.T) {
	for name, want := range aggregated {
		var role rbacv1.ClusterRole
		read(t, "config/rbac/superset_"+name+"_role.yaml", &role)
		var got []string
		for label, value := range role.Labels {
			if rule := regexp.MustCompile("^rbac.authorization.k8s.io/aggregate-to-(.*)$").FindStringSubmatch(label); rule != nil && value == "true" {
				got = append(got, rule[1])
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("superset-%s is part of (-want +got):\n%s", name, diff)
		}
		for _, rule := range role.Rules {
			writes := slices.ContainsFunc(rule.Verbs, func(v string) bool { return !slices.Contains([]string{"get", "list", "watch", "approve", "patch"}, v) })
			if approves := slices.Contains(rule.Verbs, "approve"); approves != (name == "approver") || writes != (name == "editor") {
				t.Errorf("superset-%s has the verbs %v", name, rule.Verbs)
			}
		}
	}
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(raw, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// No role that is shipped has a verb on Secrets: who wants the operator to notice that one has
// changed grants it, by name.
func TestNoRoleHasSecrets(t *testing.T) {
	looked := 0
	for _, pattern := range []string{"config/*/*.yaml", "config/*/*/*.yaml", "charts/*/templates/*.yaml", "charts/*/files/*/*.yaml"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, document := range regexp.MustCompile(`(?m)^---$`).Split(string(text), -1) {
				if !regexp.MustCompile(`(?m)^kind: (Cluster)?Role$`).MatchString(document) {
					continue
				}
				looked++
				if regexp.MustCompile(`(?m)^\s*(resources: \[?|- )([^#\n]*\W)?(secrets|["']?\*["']?)\W*$`).MatchString(document) {
					t.Errorf("a role in %s has a verb on Secrets:\n%s", file, document)
				}
			}
		}
	}
	if looked < 8 {
		t.Errorf("only %d roles", looked)
	}
}
