// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// LeaseName is the name of the lease of which one manager at a time is the
// leader.
const LeaseName = "superset-operator.dev"

// grace is how long a manager that ends waits for what it has begun.
const grace = 20 * time.Second

// Options are what every manager of the operator has in common; whoever runs one
// adds its endpoints and its leader election. Namespaces limits it to these; none
// means all.
func Options(namespaces []string) ctrl.Options {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err) // the same at every start
		}
	}
	timeout := grace
	return ctrl.Options{
		Scheme:                        scheme,
		Cache:                         CacheOptions(namespaces),
		Client:                        client.Options{Cache: &client.CacheOptions{}},
		LeaderElectionID:              LeaseName,
		LeaderElectionReleaseOnCancel: true, // the process ends right after
		GracefulShutdownTimeout:       &timeout,
	}
}
