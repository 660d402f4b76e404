// SPDX-License-Identifier: Apache-2.0

package components

import (
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Name of a component, as used in labels and object names.
type Name string

// The components.
const (
	Web       Name = "web"
	Worker    Name = "worker"
	Scheduler Name = "scheduler"
)

// jobComponent is the component label of the pods of Jobs. No selector of a tier
// matches it.
const jobComponent = "job"

// DeploymentName is the name of a component's Deployment. The component object has the
// same name as its Superset, because the kinds differ.
func DeploymentName(component string, name Name) string { return component + "-" + string(name) }

// ReleaseName is the name of the ControllerRevision that stores a release.
func ReleaseName(superset, hash string) string { return superset + "-" + hash }

// ServiceName is the name of the web Service of a Superset.
func ServiceName(superset string) string { return superset }

// Selector has the labels that select a component's pods. They must not change,
// because the selector of a Deployment is immutable.
func Selector(instance string, name Name) map[string]string {
	return map[string]string{
		v1alpha1.LabelName:      "superset",
		v1alpha1.LabelInstance:  instance,
		v1alpha1.LabelComponent: string(name),
	}
}

// Labels are the labels of every object that is created for an instance.
func Labels(instance string) map[string]string {
	return map[string]string{
		v1alpha1.LabelName:      "superset",
		v1alpha1.LabelInstance:  instance,
		v1alpha1.LabelManagedBy: v1alpha1.ManagedBy,
	}
}

// JobLabels are the labels of a Job and its pods. No selector of a tier matches them.
func JobLabels(instance string) map[string]string {
	l := Labels(instance)
	l[v1alpha1.LabelComponent] = jobComponent
	return l
}

// versionLabel converts a version to a label value, in which "+" is not allowed.
func versionLabel(version string) string { return strings.ReplaceAll(version, "+", "_") }
