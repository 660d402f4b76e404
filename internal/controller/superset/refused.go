// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"fmt"
	"regexp"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/internal/migrations"
)

// podGrace is how long a Job may be without a pod before its events are read, and how long
// until they are read again while they report nothing.
const podGrace = 10 * time.Second

// explainMissingPods says in the progress of a Job why its pod cannot be created. Only the
// events of the Job report that. They are read from the API server, and only while a Job
// has no pod: a cache of events would be as large as the cluster is busy. A run never waits
// for an explanation, so an error is only logged.
func (r *Reconciler) explainMissingPods(ctx context.Context, w *observed) {
	for _, p := range []*migrations.Progress{&w.Preflight, &w.Rehearse, &w.Backup, &w.Migrate, &w.Verify, &w.Downgrade, &w.Restore} {
		if p.WithoutPod == nil {
			continue
		}
		why, err := r.refusalOf(ctx, w, p.WithoutPod)
		if err != nil {
			logf.FromContext(ctx).Error(err, "no explanation why a Job has no pod")
		}
		p.Blocked = why
	}
}

// refusalOf says why the pod of a Job cannot be created; empty while that is not known. A
// refusal is read once, so that the text does not change with every attempt.
func (r *Reconciler) refusalOf(ctx context.Context, w *observed, job *batchv1.Job) (string, error) {
	if why, known := r.refusals.Get(job.UID); known {
		return why.(string), nil
	}
	if left := podGrace - w.Now.Sub(job.CreationTimestamp.Time); left > 0 {
		w.recheck = sooner(w.recheck, left)
		return "", nil
	}
	w.recheck = sooner(w.recheck, podGrace)
	var list corev1.EventList
	ofJob := client.MatchingFields{"involvedObject.uid": string(job.UID), "reason": "FailedCreate"}
	if err := r.live.List(ctx, &list, client.InNamespace(job.Namespace), ofJob); err != nil {
		return "", fmt.Errorf("reading the events of Job %s: %w", job.Name, err)
	}
	why := refusal(list.Items)
	if why != "" {
		r.refusals.Add(job.UID, why)
	}
	return why, nil
}

// attempt is the start of the message of an event: it names a pod, and that name is a new
// one in every attempt.
var attempt = regexp.MustCompile(`^Error creating: (pods "[^"]*" is forbidden: )?`)

// refusal is the newest refusal of a pod that events report; empty for none.
func refusal(events []corev1.Event) string {
	why, newest := "", time.Time{}
	for _, e := range events {
		at := e.CreationTimestamp.Time
		for _, seen := range []time.Time{e.LastTimestamp.Time, e.EventTime.Time} {
			if seen.After(at) {
				at = seen
			}
		}
		if why == "" || at.After(newest) {
			why, newest = "pods cannot be created: "+attempt.ReplaceAllString(e.Message, ""), at
		}
	}
	return why
}

// sooner is the shorter of two intervals; 0 is none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
