// SPDX-License-Identifier: Apache-2.0

package world

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Behavior is how a pod fares. The pod's annotation names it, or else the tag
// of its image ends with a hyphen and its name. The behaviors of components,
// such as web-unready, and unpullable are played by kwok.
type Behavior string

// The behaviors of a Job's pod; any other name means that all goes well.
const (
	// PreflightFails ends preflight with reason ImageBroken.
	PreflightFails Behavior = "preflight-fails"
	// RehearseFails ends rehearse with reason MigrationFailed.
	RehearseFails Behavior = "rehearse-fails"
	// RehearseTooLarge ends rehearse with reason RehearsalTooLarge.
	RehearseTooLarge Behavior = "rehearse-too-large"
	// RehearseRefuses lets rehearse refuse the downgrade and the old release.
	RehearseRefuses Behavior = "rehearse-refuses"
	// MigrateFails ends migrate with reason MigrationFailed; the database is as
	// it was before.
	MigrateFails Behavior = "migrate-fails"
	// MigrateBusy ends a migrate beside live traffic with reason TablesBusy.
	MigrateBusy Behavior = "migrate-busy"
	// MigrateSlow ends a migrate beside live traffic with LockBudgetExceeded.
	MigrateSlow Behavior = "migrate-slow"
	// MigrateHangs keeps migrate running until the world is told to release it.
	MigrateHangs Behavior = "migrate-hangs"
	// MigrateCrashes kills migrate: exit code 137 and no message.
	MigrateCrashes Behavior = "migrate-crashes"
	// VerifyFails ends verify with reason CheckFailed.
	VerifyFails Behavior = "verify-fails"
	// DowngradeFails ends downgrade with reason DowngradeFailed; a PostgreSQL is
	// as it was before.
	DowngradeFails Behavior = "downgrade-fails"
	// BackupFails ends backup with reason BackupFailed.
	BackupFails Behavior = "backup-fails"
	// RestoreFails ends restore with reason RestoreFailed; a PostgreSQL is as it
	// was before.
	RestoreFails Behavior = "restore-fails"

	unpullable Behavior = "unpullable"
)

// Annotations of pods.
const (
	// AnnotationBehavior names the behavior and wins over the image's tag;
	// "none" means that all goes well.
	AnnotationBehavior = "sim.superset-operator.dev/behavior"
	// AnnotationDelay is how long a Job's pod works, such as 30s.
	AnnotationDelay = "sim.superset-operator.dev/delay"
	// AnnotationDatabase is the dialect of the pod's database: postgresql by
	// default, or mysql, which a migration, a downgrade or a restore that fails
	// leaves half-changed: only a restore mends it.
	AnnotationDatabase = "sim.superset-operator.dev/database"
	// AnnotationRelease, with any value, lets a migration that hangs go on.
	AnnotationRelease = "sim.superset-operator.dev/release"
)

// Labels of pods, and the node names that kwok plays.
const (
	labelScript  = "superset-operator.dev/script"
	labelVersion = "app.kubernetes.io/version"
	nodePrefix   = "kwok-node-"
)

// What a Job of the operator tells its script.
const (
	// envMaxLock is set for a migration beside live traffic.
	envMaxLock          = "SUPERSET_OPERATOR_MAX_LOCK_SECONDS"
	envTargetRevision   = "SUPERSET_OPERATOR_TARGET_REVISION"
	envExpectedRevision = "SUPERSET_OPERATOR_EXPECTED_REVISION"
	envBackup           = "SUPERSET_OPERATOR_BACKUP"
	envBackupDir        = "SUPERSET_OPERATOR_BACKUP_DIR"
	envBackupKeep       = "SUPERSET_OPERATOR_BACKUP_KEEP"
	envBackupSum        = "SUPERSET_OPERATOR_BACKUP_SHA256"
	envLogin            = "SUPERSET_OPERATOR_LOGIN_USERNAME"
	envCharts           = "SUPERSET_OPERATOR_CHARTS"
	envSoak             = "SUPERSET_OPERATOR_SOAK_SECONDS"
	envChartsBefore     = "SUPERSET_OPERATOR_CHARTS_BEFORE"
)

var behaviors = []Behavior{
	PreflightFails, RehearseFails, RehearseTooLarge, RehearseRefuses, MigrateFails, MigrateBusy, MigrateSlow, MigrateHangs, MigrateCrashes, VerifyFails,
	DowngradeFails, BackupFails, RestoreFails, unpullable,
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

// imageTag is the tag of the first container's image; empty when it has none.
func imageTag(pod *corev1.Pod) string {
	image, _, _ := strings.Cut(pod.Spec.Containers[0].Image, "@")
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

// podRelease is the release whose migrations the pod's image holds. A tag that
// is no version leaves it to the pod's version label.
func podRelease(pod *corev1.Pod) (release, error) {
	r, err := releaseOf(imageTag(pod))
	if err != nil && pod.Labels[labelVersion] != "" {
		return releaseOf(pod.Labels[labelVersion])
	}
	return r, err
}

func env(pod *corev1.Pod, name string) corev1.EnvVar {
	for _, e := range pod.Spec.Containers[0].Env {
		if e.Name == name {
			return e
		}
	}
	return corev1.EnvVar{}
}
