// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"path/filepath"
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
