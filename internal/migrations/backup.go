// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"cmp"
	"slices"
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// A backup or restore has three containers in turn: Superset's image reads the
// URI as Superset does, the database's image does the work, and Superset's image
// looks at what came of it and reports.
const (
	prepareContainer  = "prepare"
	databaseContainer = "database"
	sharedVolume      = "shared"
	backupsVolume     = "backups"
	backupsDir        = "/backups"
)

// The default images with a database's client. They are newer than most servers: a
// newer pg_dump takes older ones. MariaDB answers MySQL's.
const (
	postgresClient = "postgres:17"
	mysqlClient    = "mysql:8.4"
)

// defaultKeep is how many backups stay, as the API documents.
const defaultKeep = 3

// backupSpec is what spec says of backups; one that it no longer mentions can still
// be put back.
func backupSpec(owner *v1alpha1.Superset) v1alpha1.BackupSpec {
	if owner.Spec.Upgrade.Backup == nil {
		return v1alpha1.BackupSpec{}
	}
	return *owner.Spec.Upgrade.Backup
}

// ownCommand is the user's own for a script; nil for none. What the database's programs
// have dumped, and so has a sum, they load again.
func ownCommand(spec v1alpha1.BackupSpec, o Order) []string {
	switch {
	case o.Script == Backup:
		return spec.Command
	case o.SHA256 == "":
		return spec.RestoreCommand
	default:
		return nil
	}
}

// backupEnv is what every container of a backup or restore is told.
func backupEnv(owner *v1alpha1.Superset, o Order) []corev1.EnvVar {
	var env told
	spec := backupSpec(owner)
	env.say(superset.EnvSharedDir, superset.SharedDir)
	env.say(superset.EnvBackup, o.Backup)
	if o.Script == Backup {
		keep := int32(defaultKeep)
		if spec.Keep != nil {
			keep = *spec.Keep
		}
		env.say(superset.EnvBackupKeep, strconv.Itoa(int(keep)))
	} else {
		env.say(superset.EnvBackupSHA256, o.SHA256)
		env.say(superset.EnvExpectedRevision, o.Revision)
	}
	if ownCommand(spec, o) != nil {
		env.say(superset.EnvCustom, "1")
	}
	if mountsClaim(spec) || o.Claim != "" {
		env.say(superset.EnvBackupDir, BackupDir(owner))
	}
	return env
}

// BackupDir is the folder of a Superset's backups in the claim. Another Superset
// of the same name, made later, has another.
func BackupDir(owner *v1alpha1.Superset) string {
	return backupsDir + "/" + owner.Namespace + "." + owner.Name + "-" + components.Hash(string(owner.UID))[:5]
}

// ClaimName is the claim that backups are kept in.
func ClaimName(owner *v1alpha1.Superset) string {
	if name := backupSpec(owner).Claim.Name; name != "" {
		return name
	}
	return owner.Name + "-backups"
}

// Claim renders the claim that the operator makes; nil where spec names one, or a
// user's own command keeps the backups and spec asks for no size. It has no owner:
// backups outlive what they are of.
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
		ObjectMeta: metav1.ObjectMeta{Name: ClaimName(owner), Namespace: owner.Namespace, Labels: components.Labels(owner.Name)},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			StorageClassName: spec.Claim.StorageClassName,
			Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: size}},
		},
	}
}

// keptBy notes the claim of the Job that took a backup, if it took one.
func (b *BackupResult) keptBy(job *batchv1.Job) {
	if b != nil {
		b.Claim = claimOf(job)
	}
}

// claimOf is the claim that a Job's pod mounts for backups; empty for none.
func claimOf(job *batchv1.Job) string {
	for _, v := range job.Spec.Template.Spec.Volumes {
		if v.Name == backupsVolume && v.PersistentVolumeClaim != nil {
			return v.PersistentVolumeClaim.ClaimName
		}
	}
	return ""
}

// mountsClaim is true unless a user's own command keeps the backups elsewhere.
func mountsClaim(spec v1alpha1.BackupSpec) bool {
	return spec.Command == nil || spec.Claim.Name != "" || spec.Claim.Size != nil
}

// addDatabaseClient puts the two containers before the one that reports, as a user's
// patch has made that: what it mounts, such as a certificate, all three need. A patch
// that has removed it gets the Job that it asks for.
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
		pod.Volumes = append(pod.Volumes, corev1.Volume{Name: backupsVolume, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: cmp.Or(o.Claim, ClaimName(owner))}}})
		main.VolumeMounts = append(main.VolumeMounts, corev1.VolumeMount{Name: backupsVolume, MountPath: backupsDir})
	}
	prepare := *main.DeepCopy()
	prepare.Name = prepareContainer
	prepare.Command = []string{"python", superset.ScriptsDir + "/prepare.py"}
	pod.InitContainers = append(pod.InitContainers, prepare, databaseClient(main, owner, o))
}

// databaseClient is the container that dumps or loads. It mounts what the others do,
// and has nothing of their environment: no secret key, and no URI but for a command
// of the user's.
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
	tool := "/dump.sh"
	if o.Script == Restore {
		tool = "/load.sh"
	}
	c.Command = []string{"sh", superset.ScriptsDir + tool}
	c.Args, c.EnvFrom, c.Env = nil, nil, backupEnv(owner, o)
	if own := ownCommand(spec, o); own != nil {
		c.Command = own
		c.Env = append(c.Env, components.SecretEnv(superset.EnvDatabaseURI, o.Release.Runtime.Database.URIFrom))
	}
	c.Env = append(c.Env, components.UserEnv(o.Release.Jobs.Env)...)
	c.Resources = corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi")}}
	return c
}
