// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

// holdFunction is a function that returns when a row is in the table of releases.
const holdFunction = `SET ROLE superset;
CREATE TABLE released ();
CREATE FUNCTION hold() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN WHILE NOT EXISTS (SELECT FROM released) LOOP PERFORM pg_sleep(0.2); END LOOP; RETURN 0; END $$;`

// heldTask is a task of a worker that runs until it is released: it then stores the number 0.
type heldTask struct{ *ticker }

// hold sends a task that is held, and waits until a worker runs it.
func (j *trip) hold(t *testing.T) heldTask {
	t.Helper()
	k := heldTask{j.newTicker(t)}
	k.onTicks(t, holdFunction)
	answer, status, err := k.execute("INSERT INTO ticks (n) SELECT hold()")
	if err != nil || status >= http.StatusBadRequest {
		t.Fatalf("sending a task: %v, status %d: %.200s", err, status, answer)
	}
	until(t, time.Minute, "a worker to run the task", func(context.Context) (bool, string) {
		running := strings.TrimSpace(k.onTicks(t, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO ticks%hold()%'"))
		return running == "1", running + " sessions; " + k.said(t)
	})
	return k
}

// webServes waits until a Drain has told all workers to end, requires that web then still answers users,
// and releases the task.
func (k heldTask) webServes(t *testing.T, p *prober) {
	t.Helper()
	until(t, 10*time.Minute, "the Drain to stop the workers", func(ctx context.Context) (bool, string) {
		pods := corev1.PodList{}
		err := k.List(ctx, &pods, client.InNamespace(k.namespace), client.MatchingLabels{v1alpha1.LabelComponent: string(components.Worker)})
		ending := 0
		for _, pod := range pods.Items {
			if pod.DeletionTimestamp != nil {
				ending++
			}
		}
		return ending > 0 && ending == len(pods.Items), fmt.Sprintf("phase %s, %d of %d workers are ending, %v", k.superset(t).Status.Phase, ending, len(pods.Items), err)
	})
	before := p.soFar()
	until(t, 2*time.Minute, "100 requests", func(context.Context) (bool, string) {
		now := p.soFar()
		sent := now.OK + now.Paged + now.Failed - before.OK - before.Paged - before.Failed
		return sent >= 100, fmt.Sprintf("%d requests", sent)
	})
	if now := p.soFar(); now.Paged > 0 || now.Failed > 0 {
		t.Errorf("while a worker ends its task, %d requests got the maintenance page, and %d failed: %s", now.Paged, now.Failed, now.First)
	}
	if times := k.numbers(t); len(times) > 0 {
		t.Errorf("the held task has ended: %v", times)
	}
	k.onTicks(t, "INSERT INTO released DEFAULT VALUES")
}

// ranOnce requires that the task ran to its end, once.
func (k heldTask) ranOnce(t *testing.T) {
	t.Helper()
	if times := k.numbers(t); times[0] != 1 {
		t.Errorf("the held task stored its number %d times; %s", times[0], k.said(t))
	}
}
