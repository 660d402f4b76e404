// SPDX-License-Identifier: Apache-2.0

package world

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
)

// downgrade returns the result of a downgrade; it runs in the newer release's
// image.
func downgrade(pod *corev1.Pod, r release, behavior Behavior, v view, result Result) Result {
	target := env(pod, envTargetRevision).Value
	from, to, head := position(v.revision), position(target), position(r.head)
	switch {
	case target == "", target == v.revision && !v.half:
		return result
	case v.half:
		return result.fail("DowngradeFailed", "OperationalError: (1091, \"Can't DROP\"): an earlier change ended half-way")
	case from < 0 || from > head:
		return result.fail("DatabaseAhead", "the database is at revision %s, which this image does not know", v.revision)
	case to < 0 || to > from:
		return result.fail("DowngradeFailed", "the database is at %s, and this image cannot downgrade it to %s; nothing was changed", v.revision, target)
	case behavior == DowngradeFails:
		return failedMidway(dialectOf(pod), target, result)
	default:
		result.Revision = target
		return result
	}
}

// failedMidway is the result of a downgrade that fails before its end.
func failedMidway(dialect, target string, result Result) Result {
	if dialect == mysql {
		result.Revision = between(result.Revision, target)
		return result.fail("DowngradeFailed", "OperationalError: this downgrade was told to fail; mysql may be left partially migrated: restore the backup")
	}
	return result.fail("DowngradeFailed", "ProgrammingError: this downgrade was told to fail; nothing was changed")
}

// change updates database and backups after a script; true when anything has
// changed.
func (d *databases) change(p place, pod *corev1.Pod, o Outcome) bool {
	var result Result
	if o.Message != "" && json.Unmarshal([]byte(o.Message), &result) != nil {
		result = Result{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if pod.Labels[labelScript] == scriptBackup {
		if o.ExitCode != 0 || result.Backup == nil {
			return false
		}
		made := *result.Backup
		made.Kept = nil
		d.backups[shelfOf(pod)] = kept(pod, d.backups[shelfOf(pod)], made)
		return true
	}
	before := d.schemas[p]
	after := before.after(pod, o.ExitCode == 0, result)
	d.schemas[p] = after
	return after != before
}

// after is the schema after a script.
func (s schema) after(pod *corev1.Pod, ok bool, result Result) schema {
	script := pod.Labels[labelScript]
	r, err := podRelease(pod)
	switch {
	case err != nil || !changesSchema[script]:
		return s
	case !ok && result.Reason != reasonInitStep:
		return s.failed(pod, r, result.Reason)
	case script == scriptMigrate:
		return schema{revision: r.head}
	case script == scriptRestore:
		return schema{revision: or(env(pod, envExpectedRevision).Value, result.Revision)}
	}
	if target := env(pod, envTargetRevision).Value; target != "" {
		return schema{revision: target}
	}
	return s
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// failed is the schema after a script that failed: unchanged, unless the database
// has no transactional DDL. An empty reason is a script that was killed; only a
// migration can be.
func (s schema) failed(pod *corev1.Pod, r release, reason string) schema {
	switch script := pod.Labels[labelScript]; {
	case dialectOf(pod) != mysql:
		return s
	case reason == "RestoreFailed":
		return schema{half: true}
	case s.half:
		return s
	case reason == "MigrationFailed", reason == "" && script == scriptMigrate:
		return schema{revision: between(s.revision, r.head), half: true}
	case reason == "DowngradeFailed":
		return schema{revision: between(s.revision, env(pod, envTargetRevision).Value), half: true}
	default:
		return s
	}
}

// between is a revision between two others; the first one if there is none
// between them.
func between(from, to string) string {
	a, b := position(from), position(to)
	if a < 0 || b < 0 || (a+b)/2 == 0 {
		return from
	}
	return chain[(a+b)/2-1]
}

// Backups returns the backups in a folder, as named by a Job; the newest first.
func (w *World) Backups(namespace, dir string) []Backup {
	w.databases.mu.Lock()
	defer w.databases.mu.Unlock()
	return append([]Backup(nil), w.databases.backups[shelf{namespace, dir}]...)
}

// LoseBackups removes every backup of a namespace, like the loss of a volume.
func (w *World) LoseBackups(namespace string) {
	w.databases.mu.Lock()
	defer w.databases.mu.Unlock()
	for s := range w.databases.backups {
		if s.namespace == namespace {
			delete(w.databases.backups, s)
		}
	}
}
