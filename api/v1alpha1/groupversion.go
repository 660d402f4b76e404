// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the API group and version of this package. The group differs from
// that of the Apache Superset operator, so that both can be installed in one cluster.
var GroupVersion = schema.GroupVersion{Group: "superset-operator.dev", Version: "v1alpha1"}

// AddToScheme registers the kinds of this package with a scheme.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&Superset{}, &SupersetList{},
		&SupersetWebWorker{}, &SupersetWebWorkerList{},
		&SupersetAsyncWorker{}, &SupersetAsyncWorkerList{},
		&SupersetAsyncScheduler{}, &SupersetAsyncSchedulerList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
