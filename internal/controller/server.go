// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/superset-operator/superset-operator/internal/components"
)

// MinKubernetes is the oldest Kubernetes release that the operator supports: the oldest that
// upstream still supports. Raise it when upstream ends the support of a release.
const MinKubernetes = "1.35"

// oldestKubernetes is the oldest release that has everything the operator uses. An older server
// drops the sleep of a preStop hook (1.30), and web loses requests in each rollout. Native
// sidecars (1.29), CEL rules in CRDs (1.25) and server-side apply (1.22) are older.
const oldestKubernetes = "1.30"

// CheckMinKubernetes checks a release such as 1.33 that replaces MinKubernetes.
func CheckMinKubernetes(release string) error {
	v, err := version.ParseGeneric(release)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no Kubernetes release: write it like %s", release, MinKubernetes)
	case v.LessThan(version.MustParseGeneric(oldestKubernetes)):
		return fmt.Errorf("%s is older than %s, the oldest Kubernetes release that has everything the operator uses", release, oldestKubernetes)
	default:
		return nil
	}
}

// securityGroup is the API group of OpenShift's security context constraints. A server that
// has it assigns user and group ids to pods.
const securityGroup = "security.openshift.io"

// Inspect reads from an API server what its pods must take into account. It is called once,
// at the start: a cluster does not become another platform while it runs. A server that is
// older than the Kubernetes release oldest is an error.
func Inspect(config *rest.Config, oldest string) (components.Platform, error) {
	server, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return components.Platform{}, fmt.Errorf("creating the discovery client: %w", err)
	}
	running, err := server.ServerVersion()
	if err != nil {
		return components.Platform{}, fmt.Errorf("reading the version of the API server: %w", err)
	}
	if err := checkVersion(running.GitVersion, oldest); err != nil {
		return components.Platform{}, err
	}
	groups, err := server.ServerGroups()
	if err != nil {
		return components.Platform{}, fmt.Errorf("reading the API groups of the server: %w", err)
	}
	return platformOf(groups), nil
}

// checkVersion compares the minor releases: the patch release and what a vendor adds, as in
// v1.35.2-eks-1a2b3c4, do not matter.
func checkVersion(running, oldest string) error {
	have, err := version.ParseGeneric(running)
	if err != nil {
		return fmt.Errorf("reading the version of the API server: %q is no Kubernetes version", running)
	}
	if have.AtLeast(version.MustParseGeneric(oldest)) {
		return nil
	}
	release := fmt.Sprintf("%d.%d", have.Major(), have.Minor())
	if CheckMinKubernetes(release) != nil {
		return fmt.Errorf("the cluster runs Kubernetes %s, and the operator needs %s or newer: upgrade the cluster", running, oldest)
	}
	return fmt.Errorf("the cluster runs Kubernetes %s, and the operator supports %s or newer: upgrade the cluster, or start the operator with -min-kubernetes=%s, which is not tested", running, oldest, release)
}

func platformOf(groups *metav1.APIGroupList) components.Platform {
	return components.Platform{AssignsIDs: slices.ContainsFunc(groups.Groups, func(g metav1.APIGroup) bool { return g.Name == securityGroup })}
}
