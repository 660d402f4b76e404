// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/superset-operator/superset-operator/internal/components"
)

// securityGroup is the API group of OpenShift's security context constraints. A server that
// has it assigns user and group ids to pods.
const securityGroup = "security.openshift.io"

// Inspect reads from an API server what its pods must take into account. It is called once,
// at the start: a cluster does not become another platform while it runs.
func Inspect(config *rest.Config) (components.Platform, error) {
	server, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return components.Platform{}, fmt.Errorf("creating the discovery client: %w", err)
	}
	groups, err := server.ServerGroups()
	if err != nil {
		return components.Platform{}, fmt.Errorf("reading the API groups of the server: %w", err)
	}
	return platformOf(groups), nil
}

func platformOf(groups *metav1.APIGroupList) components.Platform {
	return components.Platform{AssignsIDs: slices.ContainsFunc(groups.Groups, func(g metav1.APIGroup) bool { return g.Name == securityGroup })}
}
