// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strconv"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/actions"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// backoff before the second, third, … attempt: 10 s, 20 s, …, at most 5 min.
func backoff(attempt int) time.Duration {
	return min(10*time.Second<<min(attempt-1, 5), 5*time.Minute)
}

// running says that the Job of a script runs. The texts are made once: a decision is made again
// and again while a Job runs.
var running = func() map[migrations.Script]string {
	out := map[migrations.Script]string{}
	for _, script := range migrations.Scripts {
		out[script] = fmt.Sprintf("running the %s Job", script)
	}
	return out
}()

// runJob follows a Job of this fence from its first attempt to its end; goesOn is false
// once it has succeeded. work goes on meanwhile.
func runJob(s *state.Snapshot, p migrations.Progress, work actions.Work, job actions.RunJob) (d lifecycle.Decision, goesOn bool) {
	job.Fence = s.Status.UpgradeRevision
	text := running[job.Script]
	switch {
	case p.Done:
		return lifecycle.Decision{}, false
	case p.Attempt == 0:
		work.Job = job
		work.Job.Attempt = 1
		return stay(s, work, text, ""), true
	case p.Active:
		return stay(s, work, text, p.Blocked), true
	case lifecycle.IsFinal(p):
		return fail(s, string(p.Result.Reason), p.Result.Message), true
	default:
		return retry(s, p, work, job), true
	}
}

// retry creates the next attempt once the pause after the last one is over.
func retry(s *state.Snapshot, p migrations.Progress, work actions.Work, job actions.RunJob) lifecycle.Decision {
	pause := backoff(p.Attempt)
	if p.Result.Reason.Uncounted() {
		pause = backoff(1) // the attempt itself has waited
	}
	if left := pause - s.Now.Sub(p.FinishedAt); left > 0 {
		return lifecycle.Decision{Kind: lifecycle.KindWait, Work: work, Recheck: left, Reason: v1alpha1.ReasonRetrying, Message: retryMessage(p, job.Script)}
	}
	job.Attempt = p.Attempt + 1
	work.Job = job
	return stay(s, work, running[job.Script]+", attempt "+ordinal(p, 1), "")
}

// retryMessage says why a Job is tried again.
func retryMessage(p migrations.Progress, script migrations.Script) string {
	if p.Lost {
		return fmt.Sprintf("the result of the %s Job was lost with its pod; it is run again", script)
	}
	return fmt.Sprintf("attempt %s of the %s Job failed (%s: %s); it is tried again", ordinal(p, 0), script, p.Result.Reason, p.Result.Message)
}

// ordinal is the number of the attempt that is so many after the newest one, with the
// maximum where attempts are counted.
func ordinal(p migrations.Progress, after int) string {
	if p.Lost || p.Result.Reason.Uncounted() {
		return strconv.Itoa(p.Attempt + after)
	}
	return fmt.Sprintf("%d of %d", p.Tries()+after, lifecycle.MaxAttempts)
}
