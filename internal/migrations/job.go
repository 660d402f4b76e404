// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// Script is what a Job runs.
type Script string

// The scripts, as they stand in labels and file names.
const (
	// Preflight proves an image against the database without touching it.
	Preflight Script = "preflight"
	// Rehearse tries the migration and its way back on a copy of the database.
	Rehearse Script = "rehearse"
	// Backup dumps the database into a claim.
	Backup Script = "backup"
	// Migrate brings the database to the image's head and runs superset init.
	Migrate Script = "migrate"
	// Verify tests by use what runs.
	Verify Script = "verify"
	// Downgrade takes the schema back, with the newer image.
	Downgrade Script = "downgrade"
	// Restore puts a backup back.
	Restore Script = "restore"
)

// Scripts lists them in the order of an upgrade, then those of the way back.
var Scripts = []Script{Preflight, Rehearse, Backup, Migrate, Verify, Downgrade, Restore}

// Changes is true for a script that changes the schema: its Job is never ended,
// and no two run at once.
func (s Script) Changes() bool { return s == Migrate || s == Downgrade || s == Restore }

// keepJobs is how long an ended Job stays for a reader of its logs: a week, in
// seconds. Its outcome is in status long before.
const keepJobs = 7 * 24 * 3600

// Order says which Job to make.
type Order struct {
	Script Script
	// Fence is the upgradeRevision that the Job belongs to.
	Fence int64
	// Attempt counts from 1.
	Attempt int
	// Release is what the Job runs in.
	Release *components.Release
	// Current is the release that runs now, which rehearse tries on the copy.
	Current *components.Release
	// ExpectedRevision is what verify must find in the database where that may
	// not be the image's head: an Image rollback leaves a newer one. Empty for
	// the head.
	ExpectedRevision string
	// MaxLock is how long a polite migration may hold the tables' locks (migrate);
	// 0 for a plain migration.
	MaxLock time.Duration
	// Revision is what a downgrade leads to (empty: the schema stays), and what a
	// backup holds that is put back.
	Revision string
	// Reencrypt has migrate encrypt what is stored with the release's key, and
	// downgrade with the one before.
	Reencrypt bool
	// Backup is the name of the backup that is taken or put back, and SHA256 what the
	// operator remembers of it; both empty elsewhere.
	Backup, SHA256 string
	// Claim is the one that the backup to put back is kept in; empty where spec says it.
	Claim string
	// Database is the dialect, for the default of the image with its client.
	Database string
	// AsUser has preflight and verify do what spec.upgrade.verify asks of Superset, and
	// Queries ask what it asks of Prometheus.
	AsUser, Queries bool
	// Workers is how many Celery workers must answer (verify).
	Workers int32
}

// JobName is deterministic: who looks for a Job and who creates it agree, and a
// second creation is refused by the API server. The uid keeps an object of the
// same name, deleted and made again, from taking the old one's Jobs for its own.
// A name that would be too long is shortened in the owner's part.
func JobName(owner *v1alpha1.Superset, script Script, fence int64, attempt int) string {
	tail := fmt.Sprintf("-%s-%d-%d-%s", script, fence, attempt, components.Hash(string(owner.UID))[:5])
	room := max(1, maxJobName-len(tail))
	return strings.TrimRight(owner.Name[:min(room, len(owner.Name))], "-.") + tail
}

// maxJobName is what the label that the Job controller puts on pods takes:
// characters.
const maxJobName = 63

// Job renders the Job of an order. The Job controller never starts it a second
// time, and it has no deadline: a schema change is not killed for being slow.
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
			TTLSecondsAfterFinished: ptr(int32(keepJobs)),
			Template:                template,
		},
	}, nil
}

func jobTemplate(owner *v1alpha1.Superset, o Order, labels map[string]string) (corev1.PodTemplateSpec, error) {
	template := components.PodTemplate(components.PodInput{
		Runtime:   o.Release.Runtime,
		Settings:  o.Release.Jobs,
		ConfigMap: o.Release.ConfigMap,
		Labels:    labels,
		Command:   []string{"python", superset.ScriptsDir + "/" + string(o.Script) + ".py"},
		Env:       scriptEnv(owner, o),
		Requests: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("100m"),
			corev1.ResourceMemory: resource.MustParse("512Mi"),
		},
	})
	main := &template.Spec.Containers[0]
	main.VolumeMounts = append(main.VolumeMounts, corev1.VolumeMount{Name: "scripts", MountPath: superset.ScriptsDir, ReadOnly: true})
	template.Spec.Volumes = append(template.Spec.Volumes, corev1.Volume{Name: "scripts", VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: scriptsName(owner.Name)}}}})
	patched, err := components.Patch(template, o.Release.Jobs.PodTemplate)
	if err != nil {
		return patched, err
	}
	switch o.Script {
	case Backup, Restore:
		addDatabaseClient(&patched.Spec, owner, o)
	case Rehearse:
		if err := addRehearsal(&patched.Spec, owner, o); err != nil {
			return patched, err
		}
	default: // one container does
	}
	// Never by itself a second time, whatever a patch says.
	patched.Spec.RestartPolicy = corev1.RestartPolicyNever
	return patched, nil
}

func ptr[T any](v T) *T { return &v }
