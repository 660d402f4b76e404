// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/packages"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// scriptFile is the name of a script's module in superset_job.jobs.
func scriptFile(s migrations.Script) string { return strings.ReplaceAll(string(s), "-", "_") }

// copiesDatabase is true for a script that reads the whole database.
func copiesDatabase(s migrations.Script) bool {
	return s == migrations.Backup || s == migrations.Rehearse
}

// Cluster autoscalers leave the node of a pod with these annotations alone: a change or a copy
// of the database would begin again elsewhere. A drain by a person evicts it all the same.
const (
	annotationSafeToEvict  = "cluster-autoscaler.kubernetes.io/safe-to-evict"
	annotationDoNotDisrupt = "karpenter.sh/do-not-disrupt"
)

// KeepJobs is how long a finished Job is kept for its log. Its result is in status as soon as
// the Job has finished.
const KeepJobs = 24 * time.Hour

// JobName is deterministic, so that the API server rejects the creation of a Job that exists
// already. It contains a hash of the owner's UID, so that a Superset that is deleted and
// created again with the same name does not adopt old Jobs. If the name would exceed 63
// characters, the owner's name in it is shortened.
func JobName(owner *v1alpha1.Superset, script migrations.Script, fence int64, attempt int) string {
	tail := fmt.Sprintf("-%s-%d-%d-%s", script, fence, attempt, components.Hash(string(owner.UID))[:5])
	room := max(1, maxJobName-len(tail))
	return strings.TrimRight(owner.Name[:min(room, len(owner.Name))], "-.") + tail
}

// maxJobName is the maximum length of a Job's name, in characters: the Job controller puts it
// into a label of the pods.
const maxJobName = 63

// Job renders the Job of an order. The Job controller never retries it. It has no deadline,
// because a slow schema change must not be killed. An error means that the patch of
// spec.jobs.podTemplate cannot be applied.
func Job(owner *v1alpha1.Superset, o Order) (*batchv1.Job, error) {
	labels := components.JobLabels(owner.Name)
	labels[v1alpha1.LabelScript] = string(o.Script)
	labels[v1alpha1.LabelFence] = strconv.FormatInt(o.Fence, 10)
	labels[v1alpha1.LabelAttempt] = strconv.Itoa(o.Attempt)
	template, err := jobTemplate(owner, o, labels)
	if err != nil {
		return nil, fmt.Errorf("spec.jobs: %w", err)
	}
	return &batchv1.Job{
		TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{
			Name:      JobName(owner, o.Script, o.Fence, o.Attempt),
			Namespace: owner.Namespace,
			Labels:    labels,
		},
		Spec: batchv1.JobSpec{
			BackoffLimit:            new(int32),
			TTLSecondsAfterFinished: ptr(int32(KeepJobs / time.Second)),
			Template:                template,
		},
	}, nil
}

func jobTemplate(owner *v1alpha1.Superset, o Order, labels map[string]string) (corev1.PodTemplateSpec, error) {
	template := components.PodTemplate(components.PodInput{
		Runtime:   runtimeOf(o),
		Settings:  o.Release.Jobs,
		ConfigMap: o.Release.ConfigMap,
		Platform:  o.Platform,
		Labels:    labels,
		Command:   runs(scriptFile(o.Script)),
		Env:       scriptEnv(owner, o),
		Requests: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("100m"),
			corev1.ResourceMemory: resource.MustParse("512Mi"),
		},
		ServiceAccount: o.Release.ServiceAccount,
	})
	if copiesDatabase(o.Script) || o.Script.ChangesSchema() {
		template.Annotations = map[string]string{annotationSafeToEvict: "false", annotationDoNotDisrupt: "true"}
	}
	main := &template.Spec.Containers[0]
	if comparesDatabases(o) {
		connections.MountApplication(&template.Spec, main, o.Release.Runtime.Database.DatabaseConnection)
	}
	main.VolumeMounts = append(main.VolumeMounts, corev1.VolumeMount{Name: "scripts", MountPath: superset.ScriptsDir, ReadOnly: true})
	template.Spec.Volumes = append(template.Spec.Volumes, corev1.Volume{Name: "scripts", VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: ScriptsName(owner.Name)}}}})
	mountImports(&template.Spec, o)
	patched, err := components.Patch(template, o.Release.Jobs.PodTemplate)
	if err != nil {
		return patched, err
	}
	packages.Install(&patched.Spec, components.MainContainer, packagesOf(o))
	runOnce(&patched.Spec)
	switch o.Script {
	case migrations.BackupCheck, migrations.Backup, migrations.RestoreCheck, migrations.Restore:
		addDatabaseClient(&patched.Spec, owner, o)
	case migrations.Rehearse:
		if err := addRehearsal(&patched.Spec, owner, o); err != nil {
			return patched, err
		}
	default: // the others have one container
	}
	limitResults(&patched.Spec)
	noteNetwork(&patched.Spec)
	return patched, nil
}

// packagesOf are the packages that the pods of a Job install. Only a preflight of a release without
// pins resolves them.
func packagesOf(o Order) packages.Set {
	set := packages.Set{Lines: packages.Texts(o.Release.Pins.Lines()), Index: o.Release.Runtime.PackagesIndex, Env: o.Release.Jobs.Env}
	if o.Release.Pins == nil {
		set.Lines, set.Resolve = packages.Texts(o.Release.Packages), true
	}
	return set
}

// runtimeOf is the runtime of a Job. Verify looks at what the application does, so it has the
// connection of the application.
func runtimeOf(o Order) v1alpha1.RuntimeSpec {
	if o.Script == migrations.Verify {
		return connections.ForTiers(o.Release.Runtime)
	}
	return connections.ForJobs(o.Release.Runtime)
}

// comparesDatabases is true for a preflight that has the connection of the application, too.
func comparesDatabases(o Order) bool {
	return o.Script == migrations.Preflight && o.Release.Runtime.Database.Jobs != nil
}

// runOnce keeps the kubelet from restarting the pod or its main container, even if a patch says
// so. Other containers may restart alone.
func runOnce(pod *corev1.PodSpec) {
	pod.RestartPolicy = corev1.RestartPolicyNever
	for i := range pod.Containers {
		c := &pod.Containers[i]
		if c.Name == components.MainContainer {
			c.RestartPolicy, c.RestartPolicyRules = nil, nil
		}
		c.RestartPolicyRules = slices.DeleteFunc(c.RestartPolicyRules, restartsAll)
	}
	for i := range pod.InitContainers {
		c := &pod.InitContainers[i]
		c.RestartPolicyRules = slices.DeleteFunc(c.RestartPolicyRules, restartsAll)
	}
}

// noteNetwork tells the main container that loopback is that of the node.
func noteNetwork(pod *corev1.PodSpec) {
	for i := range pod.Containers {
		if c := &pod.Containers[i]; pod.HostNetwork && c.Name == components.MainContainer {
			c.Env = append(slices.Clip(c.Env), corev1.EnvVar{Name: superset.EnvHostNetwork, Value: "1"})
		}
	}
}

func restartsAll(r corev1.ContainerRestartRule) bool {
	return r.Action == corev1.ContainerRestartRuleActionRestartAllContainers
}

func ptr[T any](v T) *T { return &v }
