// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"path"
	"slices"
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/settings"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// The pod of a backup, of a restore or of a check of either runs three containers one after the other. The first uses
// Superset's image to interpret the URI as Superset does, the second uses the database's
// image to dump, check or load, and the main container uses Superset's image to verify the outcome
// and report it.
const (
	prepareContainer  = "prepare"
	databaseContainer = "database"
	sharedVolume      = "shared"
	backupsDir        = "/backups"
)

// The default images with client programs. They are newer than most servers, because pg_dump
// supports older servers but not newer ones. MySQL's client works with MariaDB, too.
const (
	postgresClient = "postgres:17"
	mysqlClient    = "mysql:8.4"
)

// defaultKeep is the number of backups to keep, as documented in the API.
const defaultKeep = 3

// backupSpec is spec.upgrade.backup, or its zero value: an existing backup can be restored
// after the field was removed.
func backupSpec(owner *v1alpha1.Superset) v1alpha1.BackupSpec {
	if owner.Spec.Upgrade.Backup == nil {
		return v1alpha1.BackupSpec{}
	}
	return *owner.Spec.Upgrade.Backup
}

// tools are the scripts of the operator that use the database's client programs.
var tools = map[migrations.Script]string{migrations.BackupCheck: "/backup_check.sh", migrations.Backup: "/dump.sh", migrations.RestoreCheck: "/load.sh", migrations.Restore: "/load.sh"}

// shells are the programs that a check knows to run a command of their own.
var shells = []string{"sh", "ash", "bash", "dash"}

// userCommand is the user's command for a script; nil for the scripts of the operator. A
// backup with a checksum was dumped by the operator's script, so the operator's script loads
// it.
func userCommand(spec v1alpha1.BackupSpec, o Order) []string {
	switch {
	case o.Script == migrations.BackupCheck || o.Script == migrations.Backup:
		return spec.Command
	case o.SHA256 == "":
		return spec.RestoreCommand
	default:
		return nil
	}
}

// isCheck is true for a script that only checks. It starts the shell of a user's command, if it
// has one, and not the command.
func isCheck(script migrations.Script) bool {
	return script == migrations.BackupCheck || script == migrations.RestoreCheck
}

// backupEnv is the environment of every container of a backup or restore.
func backupEnv(owner *v1alpha1.Superset, o Order) []corev1.EnvVar {
	var env envList
	spec := backupSpec(owner)
	env.set(superset.EnvSharedDir, superset.SharedDir)
	env.set(superset.EnvBackup, o.Backup)
	if isCheck(o.Script) {
		env.set(superset.EnvBackupCheck, "1")
	}
	switch o.Script {
	case migrations.BackupCheck:
	case migrations.Backup:
		keep := int32(defaultKeep)
		if spec.Keep != nil {
			keep = *spec.Keep
		}
		env.set(superset.EnvBackupKeep, strconv.Itoa(int(keep)))
	default:
		env.set(superset.EnvRestore, "1")
		env.set(superset.EnvAcceptedIdentity, o.AcceptedIdentity)
		env.set(superset.EnvAcceptedDrops, o.AcceptedDrops)
		env.set(superset.EnvBackupSHA256, o.SHA256)
		env.set(superset.EnvExpectedRevision, o.Revision)
	}
	if userCommand(spec, o) != nil {
		env.set(superset.EnvCustom, "1")
	}
	if mountsClaim(spec) || o.Claim != "" {
		env.set(superset.EnvBackupDir, BackupDir(owner))
	}
	return env
}

// BackupDir is the folder of a Superset's backups in the claim. It contains a hash of the
// UID, so that a Superset that is deleted and created again with the same name gets a
// different folder.
func BackupDir(owner *v1alpha1.Superset) string {
	return backupsDir + "/" + owner.Namespace + "." + owner.Name + "-" + components.Hash(string(owner.UID))[:5]
}

// ClaimName is the name of the claim for backups: spec.upgrade.backup.claim.name, by default
// the name of the Superset with the suffix -backups.
func ClaimName(owner *v1alpha1.Superset) string {
	if name := backupSpec(owner).Claim.Name; name != "" {
		return name
	}
	return owner.Name + "-backups"
}

// Claim renders the claim that the operator creates, by default with 10Gi. It is nil if spec
// names an existing claim, or if the user's command stores the backups and spec sets no size.
// The claim has no owner reference, because backups must outlive the Superset.
func Claim(owner *v1alpha1.Superset) *corev1.PersistentVolumeClaim {
	spec := backupSpec(owner)
	if spec.Claim.Name != "" || !mountsClaim(spec) {
		return nil
	}
	size := resource.MustParse("10Gi")
	if spec.Claim.Size != nil {
		size = *spec.Claim.Size
	}
	return &corev1.PersistentVolumeClaim{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"},
		ObjectMeta: claimMeta(owner),
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			StorageClassName: spec.Claim.StorageClassName,
			Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: size}},
		},
	}
}

// claimMeta has labels of its own. Tools such as Argo CD take an object with the recommended
// instance label for a part of their application, and prune it because it is not in the
// source: with all backups.
func claimMeta(owner *v1alpha1.Superset) metav1.ObjectMeta {
	labels := components.Labels(owner.Name)
	delete(labels, v1alpha1.LabelInstance)
	labels[v1alpha1.LabelBackupsOf] = owner.Name
	return metav1.ObjectMeta{Name: ClaimName(owner), Namespace: owner.Namespace, Labels: labels,
		Annotations: map[string]string{v1alpha1.AnnotationSyncOptions: v1alpha1.NoPrune}}
}

// CheckOutdated is true for the Job of a backup check with another claim or image than spec asks
// for now: spec.upgrade.backup is not part of a release, so an edit begins no other run.
func CheckOutdated(owner *v1alpha1.Superset, job *batchv1.Job) bool {
	spec := backupSpec(owner)
	claim, images := "", []string{spec.Image}
	if mountsClaim(spec) {
		claim = ClaimName(owner)
	}
	if spec.Image == "" {
		images = []string{postgresClient, mysqlClient}
	}
	return migrations.ClaimOf(job) != claim || slices.ContainsFunc(job.Spec.Template.Spec.InitContainers, func(c corev1.Container) bool {
		return c.Name == databaseContainer && !slices.Contains(images, c.Image)
	})
}

// MountsClaim is false if the user's command stores the backups of a Superset elsewhere.
func MountsClaim(owner *v1alpha1.Superset) bool { return mountsClaim(backupSpec(owner)) }

// mountsClaim is false if the user's command stores the backups elsewhere.
func mountsClaim(spec v1alpha1.BackupSpec) bool {
	return spec.Command == nil || spec.Claim.Name != "" || spec.Claim.Size != nil
}

// addDatabaseClient adds the first two containers of a backup, a restore or a check. They are derived
// from the main container after the user's patch, because all three need what it mounts, such
// as a certificate. If the patch removed the main container, nothing is added.
func addDatabaseClient(pod *corev1.PodSpec, owner *v1alpha1.Superset, o Order) {
	at := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return c.Name == components.MainContainer })
	if at < 0 {
		return
	}
	spec, main := backupSpec(owner), &pod.Containers[at]
	memory := resource.MustParse("16Mi")
	pod.Volumes = append(pod.Volumes, corev1.Volume{Name: sharedVolume, VolumeSource: corev1.VolumeSource{
		EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: &memory}}})
	main.VolumeMounts = append(main.VolumeMounts, corev1.VolumeMount{Name: sharedVolume, MountPath: superset.SharedDir})
	if mountsClaim(spec) || o.Claim != "" {
		pod.Volumes = append(pod.Volumes, corev1.Volume{Name: migrations.BackupsVolume, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: cmp.Or(o.Claim, ClaimName(owner))}}})
		main.VolumeMounts = append(main.VolumeMounts, corev1.VolumeMount{Name: migrations.BackupsVolume, MountPath: backupsDir})
	}
	prepare := *main.DeepCopy()
	prepare.Name = prepareContainer
	prepare.Command = runs("prepare")
	pod.InitContainers = append(pod.InitContainers, prepare)
	if command := userCommand(spec, o); !isCheck(o.Script) || command == nil || startable(command) {
		pod.InitContainers = append(pod.InitContainers, databaseClient(main, owner, o))
	}
}

// startable is false for a user's command that a check cannot start without running it.
func startable(command []string) bool { return slices.Contains(shells, path.Base(command[0])) }

// databaseClient is the container that dumps, checks or loads. It has the mounts of the main
// container but not its environment: no secret key, and the URI and what envFrom names, which may
// have a secret key too, only for a user's command.
func databaseClient(main *corev1.Container, owner *v1alpha1.Superset, o Order) corev1.Container {
	spec := backupSpec(owner)
	c := *main.DeepCopy()
	c.Name, c.Image, c.ImagePullPolicy = databaseContainer, spec.Image, ""
	switch {
	case c.Image != "":
	case o.Database == "postgresql":
		c.Image = postgresClient
	default:
		c.Image = mysqlClient
	}
	c.Command = []string{"sh", superset.ScriptsDir + tools[o.Script]}
	c.Args, c.EnvFrom, c.Env = nil, nil, backupEnv(owner, o)
	switch command := userCommand(spec, o); {
	case command == nil:
	case isCheck(o.Script):
		c.Command = []string{command[0], "-c", ":"}
	default:
		c.Command = command
		c.Env = append(c.Env, connections.Database(connections.ForJobs(o.Release.Runtime).Database.DatabaseConnection)...)
		c.EnvFrom = settings.EnvFrom(o.Release.Jobs.EnvFrom)
	}
	c.Env = append(c.Env, settings.Env(o.Release.Jobs.Env)...)
	c.Resources = corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi")}}
	components.Limit(&c, main.Resources.Limits)
	return c
}
