// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// changesInit is true for a release with another spec.init than the verified one: only migrate
// carries it out.
func changesInit(s *state.Snapshot) bool {
	return s.Desired.Init != nil && !reflect.DeepEqual(s.Desired.Init, s.Current.Init)
}

// initSteps says what follows superset init; empty for nothing.
func initSteps(init *v1alpha1.InitSpec) string {
	if init == nil {
		return ""
	}
	var parts []string
	if init.AdminUser != nil {
		parts = append(parts, "the admin user")
	}
	if init.LoadExamples {
		parts = append(parts, "the examples")
	}
	switch n := len(init.ImportFrom); n {
	case 0:
	case 1:
		parts = append(parts, "an import")
	default:
		parts = append(parts, fmt.Sprintf("%d imports", n))
	}
	if init.Script != "" {
		parts = append(parts, "init.script")
	}
	if parts == nil {
		return ""
	}
	return ", then " + strings.Join(parts, ", ")
}

// roles says what happens to the permissions of built-in roles that differ from those of the target;
// empty if none differs, or if superset init does not run.
func roles(s *state.Snapshot) string {
	found := s.Preflight.Result.Roles
	switch init := s.Desired.Init; {
	case found == "" || SkipsMigration(s):
		return ""
	case init != nil && init.Roles == v1alpha1.RolesKeep:
		return fmt.Sprintf("built-in roles keep their permissions; those of %s would be: %s", s.Run.To, found)
	default:
		return fmt.Sprintf("superset init sets the permissions of built-in roles to those of %s: %s; to keep them, set spec.init.roles: Keep", s.Run.To, found)
	}
}
