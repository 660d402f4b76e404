// SPDX-License-Identifier: Apache-2.0

package components

import (
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Name of a component, as it stands in labels and object names.
type Name string

// The components.
const (
	Web       Name = "web"
	Worker    Name = "worker"
	Scheduler Name = "scheduler"
)

// jobComponent is the component label of Jobs' pods, so that no selector of a
// tier ever matches them.
const jobComponent = "job"

// DeploymentName is the name of a component's Deployment. The component object
// itself has the name of its Superset: the kinds differ.
func DeploymentName(component string, name Name) string { return component + "-" + string(name) }

// ServiceName is the name of the web Service of a Superset.
func ServiceName(superset string) string { return superset }

// Selector is the immutable set of labels that selects a component's pods.
func Selector(instance string, name Name) map[string]string {
	return map[string]string{
		v1alpha1.LabelName:      "superset",
		v1alpha1.LabelInstance:  instance,
		v1alpha1.LabelComponent: string(name),
	}
}

// Labels are the labels of every object that is made for an instance.
func Labels(instance string) map[string]string {
	return map[string]string{
		v1alpha1.LabelName:      "superset",
		v1alpha1.LabelInstance:  instance,
		v1alpha1.LabelManagedBy: v1alpha1.ManagedBy,
	}
}

// JobLabels are the labels of a Job's pods: never those of a tier.
func JobLabels(instance string) map[string]string {
	l := Labels(instance)
	l[v1alpha1.LabelComponent] = jobComponent
	return l
}

// versionLabel is a version as a label value: build metadata is not allowed in
// one.
func versionLabel(version string) string { return strings.ReplaceAll(version, "+", "_") }
