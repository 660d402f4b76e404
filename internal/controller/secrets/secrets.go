// SPDX-License-Identifier: Apache-2.0

// Package secrets notices that Secrets of users have changed, by their metadata alone. secrets.go
// and grant.go are pure: what a change means, and what to permit. reader.go reads.
package secrets

import (
	"maps"
	"slices"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// next is what status becomes of the Secrets of a spec, and the names of those that have changed,
// sorted. A Secret that is new in spec is only noted: what runs has read it as it is, or will. One
// without a version in read keeps the one that is noted. While a change must wait, it is not noted
// either, so that it is found again. The result is nil if there is nothing to know.
func next(before *v1alpha1.RefreshSecretsStatus, names []v1alpha1.SecretName, read map[string]string, waits bool) (after *v1alpha1.RefreshSecretsStatus, changed []string) {
	var noted v1alpha1.RefreshSecretsStatus
	if before != nil {
		noted = *before
	}
	after = &v1alpha1.RefreshSecretsStatus{Token: noted.Token, Versions: map[string]string{}}
	for _, n := range slices.Sorted(slices.Values(names)) {
		version, is := versionOf(noted.Versions[string(n)], read[string(n)], waits)
		if is {
			changed = append(changed, string(n))
		}
		if version != "" {
			after.Versions[string(n)] = version
		}
	}
	if len(changed) > 0 && !waits {
		after.Token = tokenOf(after.Versions)
	}
	if after.Token == "" && len(after.Versions) == 0 {
		return nil, nil
	}
	return after, changed
}

// versionOf is the version of a Secret to note, and whether it has changed.
func versionOf(noted, read string, waits bool) (version string, changed bool) {
	switch {
	case read == "" || read == noted:
		return noted, false
	case noted == "":
		return read, false
	case waits:
		return noted, true
	default:
		return read, true
	}
}

// With is a Superset whose status has what is known of the Secrets now.
func With(s *v1alpha1.Superset, known *v1alpha1.RefreshSecretsStatus) *v1alpha1.Superset {
	out := *s
	out.Status.RefreshSecrets = known
	return &out
}

// tokenOf is a hash of the versions. The API server uses no version twice, so each change has
// another one.
func tokenOf(versions map[string]string) string {
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		all.WriteString(name + "=" + versions[name] + "\n")
	}
	return components.Hash(all.String())
}
