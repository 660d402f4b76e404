// SPDX-License-Identifier: Apache-2.0

package world

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Backup is a backup of a script: as reported in its result, and as stored by the
// world.
type Backup struct {
	Name     string  `json:"name"`
	Revision string  `json:"revision"`
	Bytes    int64   `json:"bytes"`
	SHA256   string  `json:"sha256"`
	Seconds  float64 `json:"seconds"`
	// Identity is that of the database that it was taken from.
	Identity string `json:"identity,omitempty"`
	// Kept are the existing backups, the newest first.
	Kept []string `json:"kept,omitempty"`
}

// shelf is a folder of backups.
type shelf struct{ namespace, dir string }

func shelfOf(pod *corev1.Pod) shelf { return shelf{pod.Namespace, env(pod, envBackupDir).Value} }

// view is the state that one script sees.
type view struct {
	schema
	backups  []Backup // the newest first
	identity string
	company  Company
	silent   []string // hostnames of workers that do not answer
}

func (d *databases) look(p place, pod *corev1.Pod) view {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := view{schema: d.schemas[p], backups: slices.Clone(d.backups[shelfOf(pod)]), company: d.company[p]}
	v.identity = cmp.Or(d.identities[p], dialectOf(pod)+"/simulated/"+p.String())
	return v
}

// find returns the backup with a name.
func (v view) find(name string) (Backup, bool) {
	i := slices.IndexFunc(v.backups, func(b Backup) bool { return b.Name == name })
	if i < 0 {
		return Backup{}, false
	}
	return v.backups[i], true
}

// shelve returns the result of a script that works with backups.
func shelve(pod *corev1.Pod, behavior Behavior, v view, result Result) Result {
	switch pod.Labels[labelScript] {
	case scriptCheck:
		if behavior == BackupCheckFails {
			return result.fail("BackupFailed", "the claim for backups has 1 MiB free, and the last backup had 2 MiB: raise the size of the claim")
		}
		return result
	case scriptBackup:
		return backup(pod, behavior, v, result)
	case scriptRestoreCheck:
		_, result = restorable(pod, behavior, v, result)
		return result
	default:
		return restore(pod, behavior, v, result)
	}
}

// backup returns the result of a backup. An existing backup of that name is not
// created again.
func backup(pod *corev1.Pod, behavior Behavior, v view, result Result) Result {
	if behavior == BackupFails {
		return result.fail("BackupFailed", "pg_dump was told to fail")
	}
	name := env(pod, envBackup).Value
	if name == "" {
		return result.fail("Unexpected", "the backup was given no name")
	}
	made, there := v.find(name)
	if !there {
		made = Backup{Name: name, Revision: v.revision, Bytes: 1 << 20, SHA256: digest(pod.Namespace, name, v.revision), Seconds: 0.5, Identity: v.identity}
	}
	result.Identity = v.identity
	made.Kept = names(kept(pod, v.backups, made))
	result.Backup = &made
	return result
}

// kept is the shelf after adding a backup: only the newest ones are kept.
func kept(pod *corev1.Pod, before []Backup, made Backup) []Backup {
	all := before
	if !slices.ContainsFunc(before, func(b Backup) bool { return b.Name == made.Name }) {
		all = append([]Backup{made}, before...)
	}
	keep, err := strconv.Atoi(env(pod, envBackupKeep).Value)
	if err != nil || keep >= len(all) {
		return all
	}
	return all[:keep]
}

func names(backups []Backup) []string {
	var out []string
	for _, b := range backups {
		out = append(out, b.Name)
	}
	return out
}

// digest simulates that of a dump's content.
func digest(content ...string) string {
	sum := sha256.New()
	for _, part := range content {
		sum.Write([]byte(part + "\n"))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// dropped is the digest of the objects that RestoreDrops would drop.
const dropped = "0a1b2c3d4e5f6071"

// another is true for the identities of two databases. Their dialect is that of the pod.
func another(before, now string) bool {
	_, a, known := strings.Cut(before, "/")
	_, b, _ := strings.Cut(now, "/")
	return known && a != b
}

// restore returns the result of a restore.
func restore(pod *corev1.Pod, behavior Behavior, v view, result Result) Result {
	found, result := restorable(pod, behavior, v, result)
	switch {
	case result.Reason != "":
		return result
	case behavior == RestoreFails:
		if dialectOf(pod) == mysql {
			result.Revision = ""
		}
		return result.fail("RestoreFailed", "pg_restore was told to fail")
	}
	result.Revision = found.Revision
	found.Kept = names(v.backups)
	result.Backup = &found
	return result
}

// restorable finds the backup of a restore. The result has a reason if it may not begin.
func restorable(pod *corev1.Pod, behavior Behavior, v view, result Result) (Backup, Result) {
	name, expected := env(pod, envBackup).Value, env(pod, envExpectedRevision).Value
	found, there := v.find(name)
	sum := env(pod, envBackupSum).Value
	switch {
	case !there:
		return found, result.fail("BackupMissing", "there is no backup %s", name)
	case sum != "" && sum != found.SHA256:
		return found, result.fail("BackupDamaged", "backup %s has the SHA-256 %s, not %s", name, found.SHA256, sum)
	case expected != "" && expected != found.Revision:
		return found, result.fail("BackupDamaged", "backup %s holds revision %s, not %s", name, found.Revision, expected)
	}
	return found, accepted(pod, behavior, v, found, result)
}

// accepted is the result of a restore that changes more than its backup has.
func accepted(pod *corev1.Pod, behavior Behavior, v view, found Backup, result Result) Result {
	if another(found.Identity, v.identity) && env(pod, envIdentity).Value != v.identity {
		result.Identity = v.identity
		return result.fail("LossNotAccepted", "the restore was not begun, because the database is %s, and the backup was taken from %s. Nothing was changed", v.identity, found.Identity)
	}
	if behavior == RestoreDrops && env(pod, envDrops).Value != dropped {
		result.Identity, result.Drops = v.identity, dropped
		return result.fail("LossNotAccepted", "the restore was not begun, because it drops objects of others that the backup does not have: view reports.totals. Nothing was changed")
	}
	return result
}
