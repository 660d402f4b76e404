// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// A backup is restored from its recorded claim, with the programs that made it, even if spec
// has changed. Only if nothing is recorded, spec decides.
func TestRestoreFindsItsBackup(t *testing.T) {
	s, r := read(t, "plain")
	tool, sum := []string{"sh", superset.ScriptsDir + "/load.sh"}, strings.Repeat("0a", 32)
	command := &v1alpha1.BackupSpec{Image: "registry.invalid/snapshots:1", Command: []string{"take"}, RestoreCommand: []string{"restore"}}
	cases := map[string]struct {
		spec       *v1alpha1.BackupSpec
		claim, sum string
		wantClaim  string
		command    []string
	}{
		"unchanged spec":               {&v1alpha1.BackupSpec{Claim: v1alpha1.BackupClaim{Name: "mine"}}, "mine", sum, "mine", tool},
		"the claim was renamed":        {&v1alpha1.BackupSpec{Claim: v1alpha1.BackupClaim{Name: "other"}}, "mine", sum, "mine", tool},
		"backup was removed from spec": {nil, "mine", sum, "mine", tool},
		"a command was added":          {command, "mine", sum, "mine", tool},
		"made by a command":            {command, "", "", "", []string{"restore"}},
		"nothing is recorded":          {&v1alpha1.BackupSpec{Claim: v1alpha1.BackupClaim{Name: "other"}}, "", "", "other", tool},
		"nothing is recorded, no spec": {nil, "", "", s.Name + "-backups", tool},
	}
	for name, c := range cases {
		s.Spec.Upgrade.Backup = c.spec
		job, err := Job(s, Order{Script: migrations.Restore, Fence: 1, Attempt: 1, Release: r, Backup: "r6", Claim: c.claim, SHA256: c.sum, Database: "postgresql"})
		if err != nil {
			t.Fatal(err)
		}
		if got := migrations.ClaimOf(job); got != c.wantClaim {
			t.Errorf("%s: claim %q, want %q", name, got, c.wantClaim)
		}
		if got := job.Spec.Template.Spec.InitContainers[1].Command; !slices.Equal(got, c.command) {
			t.Errorf("%s: %v, want %v", name, got, c.command)
		}
	}
}

// What a patch mounts into the Job's container, such as the certificate that the URI names, is
// mounted into every container that connects to the database. The database's image gets
// neither the variables of a patch, which may be secrets, nor its arguments.
func TestPatchReachesTheDatabaseClient(t *testing.T) {
	s, r := read(t, "plain")
	r.Jobs.Args = []string{"--for-superset"}
	r.Jobs.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"spec":{
		"volumes":[{"name":"ca","secret":{"secretName":"database-ca"}}],
		"initContainers":[{"name":"wait","image":"busybox"}],
		"containers":[
			{"name":"sidecar","image":"busybox"},
			{"name":"superset","volumeMounts":[{"name":"ca","mountPath":"/ca"}],"envFrom":[{"secretRef":{"name":"more"}}]}]}}`)}
	for _, script := range []migrations.Script{migrations.Backup, migrations.Restore} {
		job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r, Backup: "r6", Database: "postgresql"})
		if err != nil {
			t.Fatal(err)
		}
		pod := job.Spec.Template.Spec
		if len(pod.InitContainers) != 3 || pod.InitContainers[0].Name != "wait" {
			t.Fatalf("%s: init containers %+v", script, pod.InitContainers)
		}
		for _, c := range append(pod.InitContainers[1:], pod.Containers...) {
			has := slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/ca" })
			if has != (c.Name != "sidecar") {
				t.Errorf("%s: %s mounts the certificate: %v", script, c.Name, has)
			}
		}
		if c := pod.InitContainers[2]; len(c.EnvFrom)+len(c.Args) > 0 {
			t.Errorf("%s: the database's image gets %v and %v", script, c.EnvFrom, c.Args)
		}
	}
	r.Jobs.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"spec":{"containers":[{"name":"superset","$patch":"delete"},{"name":"other","image":"busybox"}]}}`)}
	if _, err := Job(s, Order{Script: migrations.Backup, Fence: 1, Attempt: 1, Release: r, Backup: "r6"}); err != nil {
		t.Errorf("without the main container: %v", err)
	}
}

func TestImageOfTheDatabaseClient(t *testing.T) {
	s, r := read(t, "plain")
	for dialect, want := range map[string]string{"postgresql": "postgres:17", "mysql": "mysql:8.4", "mariadb": "mysql:8.4", "sqlite": "mysql:8.4", "": "mysql:8.4"} {
		job, err := Job(s, Order{Script: migrations.Backup, Fence: 1, Attempt: 1, Release: r, Backup: "r6", Database: dialect})
		if err != nil {
			t.Fatal(err)
		}
		if got := job.Spec.Template.Spec.InitContainers[1].Image; got != want {
			t.Errorf("%q: image %q, want %q", dialect, got, want)
		}
	}
}

// With a claim, the user's command gets a folder for this Superset: Supersets may share a
// claim, and their backups have the same names, such as r2.
func TestUserCommandsHaveAFolder(t *testing.T) {
	s, r := read(t, "plain")
	for claim, want := range map[string]string{"": "", "mine": BackupDir(s)} {
		s.Spec.Upgrade.Backup = &v1alpha1.BackupSpec{Image: "registry.invalid/snapshots:1", Command: []string{"take"},
			RestoreCommand: []string{"restore"}, Claim: v1alpha1.BackupClaim{Name: claim}}
		for _, script := range []migrations.Script{migrations.Backup, migrations.Restore} {
			job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r, Backup: "r6"})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, e := range job.Spec.Template.Spec.InitContainers[1].Env {
				if e.Name == superset.EnvBackupDir {
					got = e.Value
				}
			}
			if got != want {
				t.Errorf("%s with claim %q: folder %q, want %q", script, claim, got, want)
			}
		}
	}
}

// The check starts the containers of a backup, with the same image and claim. A user's command is
// not run: its shell shows that the image can be had.
func TestBackupCheck(t *testing.T) {
	s, r := read(t, "plain")
	for name, c := range map[string]struct {
		command []string
		claim   string
		image   string
		starts  []string
		mounts  string
	}{
		"the operator's script": {nil, "", "postgres:17", []string{"sh", superset.ScriptsDir + "/backup_check.sh"}, s.Name + "-backups"},
		"a claim of the user":   {nil, "mine", "postgres:17", []string{"sh", superset.ScriptsDir + "/backup_check.sh"}, "mine"},
		"a user's shell":        {[]string{"/bin/bash", "-c", "take"}, "", "registry.invalid/snapshots:1", []string{"/bin/bash", "-c", ":"}, ""},
		"a user's program":      {[]string{"/take"}, "mine", "", nil, "mine"},
	} {
		s.Spec.Upgrade.Backup = &v1alpha1.BackupSpec{Command: c.command, Claim: v1alpha1.BackupClaim{Name: c.claim}}
		if c.command != nil {
			s.Spec.Upgrade.Backup.Image = "registry.invalid/snapshots:1"
		}
		job, err := Job(s, Order{Script: migrations.BackupCheck, Fence: 1, Attempt: 1, Release: r, Database: "postgresql"})
		if err != nil {
			t.Fatal(err)
		}
		pod := job.Spec.Template.Spec
		image, starts := "", []string(nil)
		for _, client := range pod.InitContainers[1:] {
			image, starts = client.Image, client.Command
			if slices.ContainsFunc(client.Env, func(e corev1.EnvVar) bool { return e.ValueFrom != nil }) {
				t.Errorf("%s: the check has a Secret: %+v", name, client.Env)
			}
		}
		if image != c.image || !slices.Equal(starts, c.starts) || migrations.ClaimOf(job) != c.mounts {
			t.Errorf("%s: image %q, command %v, claim %q", name, image, starts, migrations.ClaimOf(job))
		}
		if len(job.Spec.Template.Annotations) > 0 {
			t.Errorf("%s: a check holds its node: %v", name, job.Spec.Template.Annotations)
		}
	}
}

func TestCheckOutdated(t *testing.T) {
	s, r := read(t, "plain")
	first := &v1alpha1.BackupSpec{}
	for name, c := range map[string]struct {
		checked, now *v1alpha1.BackupSpec
		outdated     bool
	}{
		"the same":          {first, first, false},
		"another keep":      {first, &v1alpha1.BackupSpec{Keep: new(int32)}, false},
		"an image":          {first, &v1alpha1.BackupSpec{Image: "other:1"}, true},
		"no image any more": {&v1alpha1.BackupSpec{Image: "other:1"}, first, true},
		"a claim":           {first, &v1alpha1.BackupSpec{Claim: v1alpha1.BackupClaim{Name: "mine"}}, true},
	} {
		s.Spec.Upgrade.Backup = c.checked
		job, err := Job(s, Order{Script: migrations.BackupCheck, Fence: 1, Attempt: 1, Release: r, Database: "postgresql"})
		if err != nil {
			t.Fatal(err)
		}
		s.Spec.Upgrade.Backup = c.now
		if got := CheckOutdated(s, job); got != c.outdated {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A restore is told what may be restored over, and no other Job is.
func TestAcceptedLossOfARestore(t *testing.T) {
	s, r := read(t, "plain")
	s.Spec.Upgrade.Backup = &v1alpha1.BackupSpec{}
	for _, script := range migrations.Scripts {
		job, err := Job(s, Order{Script: script, Fence: 1, Attempt: 1, Release: r, Current: r, Backup: "r6", Database: "postgresql",
			AcceptedIdentity: "postgresql/1/2/bi", AcceptedDrops: "0a1b"})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		pod := job.Spec.Template.Spec
		for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
			for _, e := range c.Env {
				if e.Name == superset.EnvRestore || e.Name == superset.EnvAcceptedIdentity || e.Name == superset.EnvAcceptedDrops {
					got[e.Name] = e.Value
				}
			}
		}
		restores := script == migrations.Restore || script == migrations.RestoreCheck
		if !restores && len(got) > 0 || restores && (got[superset.EnvRestore] != "1" ||
			got[superset.EnvAcceptedIdentity] != "postgresql/1/2/bi" || got[superset.EnvAcceptedDrops] != "0a1b") {
			t.Errorf("%s: %v", script, got)
		}
	}
}
