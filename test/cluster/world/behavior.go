// SPDX-License-Identifier: Apache-2.0

package world

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Behavior is how a pod behaves. It is named by the pod's annotation, or else by
// the suffix of the image's tag after a hyphen. The behaviors of components, such
// as web-unready, and unpullable are simulated by kwok.
type Behavior string

// The behaviors of a Job's pod; any other name means success.
const (
	// PreflightFails ends preflight with reason ImageBroken.
	PreflightFails Behavior = "preflight-fails"
	// BackupCheckFails ends backup-check with reason BackupFailed.
	BackupCheckFails Behavior = "backup-check-fails"
	// RehearseFails ends rehearse with reason MigrationFailed.
	RehearseFails Behavior = "rehearse-fails"
	// RehearseTooLarge ends rehearse with reason RehearsalTooLarge.
	RehearseTooLarge Behavior = "rehearse-too-large"
	// RehearseRefuses makes rehearse report Refused for the downgrade and for the
	// old release.
	RehearseRefuses Behavior = "rehearse-refuses"
	// MigrateFails ends migrate with reason MigrationFailed; the database is
	// unchanged.
	MigrateFails Behavior = "migrate-fails"
	// MigrateBusy ends a migrate under live traffic with reason TablesBusy.
	MigrateBusy Behavior = "migrate-busy"
	// MigrateSlow ends a migrate under live traffic with reason LockBudgetExceeded.
	MigrateSlow Behavior = "migrate-slow"
	// MigrateHangs keeps migrate running until the world is told to release it.
	MigrateHangs Behavior = "migrate-hangs"
	// MigrateCrashes kills migrate: exit code 137 and no message.
	MigrateCrashes Behavior = "migrate-crashes"
	// InitFails ends a migrate with spec.init.script with reason InitStepFailed; the database is
	// migrated.
	InitFails Behavior = "init-fails"
	// VerifyFails ends verify with reason CheckFailed.
	VerifyFails Behavior = "verify-fails"
	// DowngradeFails ends downgrade with reason DowngradeFailed; a PostgreSQL
	// database is unchanged.
	DowngradeFails Behavior = "downgrade-fails"
	// BackupFails ends backup with reason BackupFailed.
	BackupFails Behavior = "backup-fails"
	// RestoreFails ends restore with reason RestoreFailed; a PostgreSQL database is
	// unchanged.
	RestoreFails Behavior = "restore-fails"
	// RestoreDrops ends restore with reason LossNotAccepted until what it drops is accepted.
	RestoreDrops Behavior = "restore-drops"

	unpullable Behavior = "unpullable"
)

// Annotations of pods.
const (
	// AnnotationBehavior names the behavior and takes precedence over the image's
	// tag; "none" means success.
	AnnotationBehavior = "sim.superset-operator.dev/behavior"
	// AnnotationDelay is how long a Job's pod works, such as 30s.
	AnnotationDelay = "sim.superset-operator.dev/delay"
	// AnnotationDatabase is the dialect of the pod's database: postgresql by
	// default, or mysql. On mysql a failed migration, downgrade or restore leaves
	// the schema partially migrated, which only a restore fixes.
	AnnotationDatabase = "sim.superset-operator.dev/database"
	// AnnotationWeb, with any value, keeps a Job's pod from reaching web, as a network policy
	// does; with the value at-verify only that of verify.
	AnnotationWeb = "sim.superset-operator.dev/web-unreachable"
	// AnnotationRelease, with any value, lets a hanging migration continue.
	AnnotationRelease = "sim.superset-operator.dev/release"
)

// Labels of pods, and the names of the nodes that kwok simulates.
const (
	labelScript    = "superset-operator.dev/script"
	labelVersion   = "app.kubernetes.io/version"
	labelComponent = "app.kubernetes.io/component"
	nodePrefix     = "kwok-node-"
)

// Environment variables that the operator sets for its Jobs.
const (
	// envMaxLock is set for a migration under live traffic.
	envMaxLock          = "SUPERSET_OPERATOR_MAX_LOCK_SECONDS"
	envInit             = "SUPERSET_OPERATOR_INIT"
	envTargetRevision   = "SUPERSET_OPERATOR_TARGET_REVISION"
	envExpectedRevision = "SUPERSET_OPERATOR_EXPECTED_REVISION"
	envBackup           = "SUPERSET_OPERATOR_BACKUP"
	envBackupDir        = "SUPERSET_OPERATOR_BACKUP_DIR"
	envBackupKeep       = "SUPERSET_OPERATOR_BACKUP_KEEP"
	envBackupSum        = "SUPERSET_OPERATOR_BACKUP_SHA256"
	envIdentity         = "SUPERSET_OPERATOR_ACCEPTED_IDENTITY"
	envDrops            = "SUPERSET_OPERATOR_ACCEPTED_DROPS"
	envLogin            = "SUPERSET_OPERATOR_LOGIN_USERNAME"
	envCharts           = "SUPERSET_OPERATOR_CHARTS"
	envSoak             = "SUPERSET_OPERATOR_SOAK_SECONDS"
	envChartsBefore     = "SUPERSET_OPERATOR_CHARTS_BEFORE"
	envWorkerHosts      = "SUPERSET_OPERATOR_WORKER_HOSTS"
	envWebURL           = "SUPERSET_OPERATOR_WEB_URL"
	envWebReady         = "SUPERSET_OPERATOR_WEB_READY"
	envWebUnreachable   = "SUPERSET_OPERATOR_WEB_UNREACHABLE"
)

var behaviors = []Behavior{
	PreflightFails, BackupCheckFails, RehearseFails, RehearseTooLarge, RehearseRefuses, MigrateFails, MigrateBusy, MigrateSlow, MigrateHangs, MigrateCrashes, InitFails, VerifyFails,
	DowngradeFails, BackupFails, RestoreFails, RestoreDrops, unpullable,
}

func behaviorOf(pod *corev1.Pod) Behavior {
	chosen, ok := pod.Annotations[AnnotationBehavior]
	if ok {
		return Behavior(chosen)
	}
	tag := imageTag(pod)
	for _, b := range behaviors {
		if strings.HasSuffix(tag, "-"+string(b)) {
			return b
		}
	}
	return ""
}

// mainContainer is the name of the container that runs Superset or a script. All others of a
// Job's pod run until the pod is deleted, as a proxy does.
const mainContainer = "superset"

// mainOf is the container that runs Superset or a script; the first one if none has its name.
func mainOf(pod *corev1.Pod) *corev1.Container {
	for i := range pod.Spec.Containers {
		if pod.Spec.Containers[i].Name == mainContainer {
			return &pod.Spec.Containers[i]
		}
	}
	return &pod.Spec.Containers[0]
}

// imageTag is the tag of the main container's image; empty when it has none.
func imageTag(pod *corev1.Pod) string {
	image, _, _ := strings.Cut(mainOf(pod).Image, "@")
	name := image[strings.LastIndex(image, "/")+1:]
	_, tag, _ := strings.Cut(name, ":")
	return tag
}

// mysql is the dialect without transactional DDL.
const mysql = "mysql"

func dialectOf(pod *corev1.Pod) string {
	if chosen := pod.Annotations[AnnotationDatabase]; chosen != "" {
		return chosen
	}
	return "postgresql"
}

// podRelease is the release whose migrations the pod's image has. If the tag is
// not a version, the pod's version label is used.
func podRelease(pod *corev1.Pod) (release, error) {
	r, err := releaseOf(imageTag(pod))
	if err != nil && pod.Labels[labelVersion] != "" {
		return releaseOf(pod.Labels[labelVersion])
	}
	return r, err
}

func env(pod *corev1.Pod, name string) corev1.EnvVar {
	for _, e := range mainOf(pod).Env {
		if e.Name == name {
			return e
		}
	}
	return corev1.EnvVar{}
}
