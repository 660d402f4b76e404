// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/migrations/render"
)

// lingerGrace is how long a container may keep the pod of a Job after its script has ended: a
// proxy that was told to quit closes its connections first.
const lingerGrace = 30 * time.Second

// waitsFor is true for a Job of the phase under way.
func waitsFor(s *v1alpha1.Superset, job *batchv1.Job) bool {
	return migrations.FenceOf(job) == s.Status.UpgradeRevision && slices.Contains(lifecycle.ScriptsOf(s.Status.Phase), scriptOf(job))
}

func scriptOf(job *batchv1.Job) migrations.Script {
	return migrations.Script(job.Labels[v1alpha1.LabelScript])
}

// observeLingering finds the Jobs to delete. One that lingers never ends by itself, so that
// nobody else deletes it after a day. A failed one is kept that long for its log, and named.
func (w *observed) observeLingering(s *v1alpha1.Superset, pods []*corev1.Pod) {
	var working []*batchv1.Job
	w.superfluous, w.Lingers = nil, ""
	for _, job := range w.jobs {
		l, lingers := migrations.Lingers(job, pods)
		if !lingers {
			working = append(working, job)
			continue
		}
		left := lingerGrace - w.Now.Sub(l.Since)
		if left <= 0 && keepsLog(job, l) {
			w.Lingers = first(w.Lingers, lingersWhy(job, l))
			left = render.KeepJobs - w.Now.Sub(l.Since)
		}
		if left > 0 {
			w.recheck = sooner(w.recheck, left)
		} else if job.DeletionTimestamp == nil && isConsumed(s, job) {
			w.superfluous = append(w.superfluous, job)
		}
	}
	w.superfluous = append(w.superfluous, leftover(s, working)...)
}

// keepsLog is true for a failed Job. One that mounts the claim for backups is not kept: a pod
// on another node could not mount it.
func keepsLog(job *batchv1.Job, l migrations.Lingering) bool {
	return l.Failed && migrations.ClaimOf(job) == ""
}

func lingersWhy(job *batchv1.Job, l migrations.Lingering) string {
	return fmt.Sprintf("The script of Job %s has ended, and its container %s still runs. To delete it with its log: kubectl delete job -n %s %s",
		job.Name, l.Container, job.Namespace, job.Name)
}

// first is the first of two texts in alphabetical order; an empty one is none.
func first(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// isConsumed is true once nothing rests on a Job whose script has ended: its end is recorded, or
// no phase waits for it.
func isConsumed(s *v1alpha1.Superset, job *batchv1.Job) bool {
	record := state.RecordOf(&s.Status, scriptOf(job))
	return !waitsFor(s, job) || record != nil && int(record.Attempt) >= migrations.AttemptOf(job)
}

// leftover are the Jobs that run and that no phase waits for, and backup checks of what spec no
// longer asks for. A Job that changes the schema is never one of them.
func leftover(s *v1alpha1.Superset, jobs []*batchv1.Job) []*batchv1.Job {
	var out []*batchv1.Job
	for _, job := range jobs {
		if scriptOf(job).ChangesSchema() || job.DeletionTimestamp != nil || migrations.Ended(job) {
			continue
		}
		outdated := scriptOf(job) == migrations.BackupCheck && render.CheckOutdated(s, job)
		if !waitsFor(s, job) || outdated {
			out = append(out, job)
		}
	}
	return out
}
