// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// refusedUser finds the user in the refusal of a request. The operator has no other source for the
// name of its own account.
var refusedUser = regexp.MustCompile(`User "([^"]+)"`)

// grant says how to permit the reads of all Secrets of a spec. The commands also complete a Role
// that exists.
func grant(s *v1alpha1.Superset, refusal error) string {
	const apply = "--dry-run=client -o yaml | kubectl apply -f -"
	role := s.Name + "-refresh"
	names, options := make([]string, 0, len(s.Spec.RefreshSecrets)), ""
	for _, name := range s.Spec.RefreshSecrets {
		names = append(names, string(name))
		options += " --resource-name=" + string(name)
	}
	return fmt.Sprintf("the operator may not get every Secret in spec.refreshSecrets (%[1]s), so that it does not notice their changes. To permit it: "+
		"kubectl create role %[2]s -n %[3]s --verb=get --resource=secrets%[4]s %[5]s && kubectl create rolebinding %[2]s -n %[3]s --role=%[2]s %[6]s %[5]s",
		strings.Join(names, ", "), role, s.Namespace, options, apply, subject(refusal))
}

// subject is the option of kubectl that names who was refused.
func subject(refusal error) string {
	found := refusedUser.FindStringSubmatch(refusal.Error())
	if found == nil {
		return "--serviceaccount=NAMESPACE:NAME_OF_THE_OPERATOR"
	}
	if account, is := strings.CutPrefix(found[1], "system:serviceaccount:"); is {
		return "--serviceaccount=" + account
	}
	return "--user=" + found[1]
}
