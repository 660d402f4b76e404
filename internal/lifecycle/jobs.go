// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// maxAttempts bounds how often a step is tried for a reason that may pass.
const maxAttempts = 3

// backoff before the second, third, … attempt: 10 s, 20 s, …, at most 5 min.
func backoff(attempt int) time.Duration {
	return min(10*time.Second<<(attempt-1), 5*time.Minute)
}

// retry tries a failed Job again when its reason may pass, and fails otherwise.
// work is what goes on meanwhile.
func retry(o *Observation, p migrations.Progress, work Work, next Action) Decision {
	r := p.Result
	if !r.Reason.Passing() || p.Attempt >= maxAttempts {
		return fail(o, string(r.Reason), r.Message)
	}
	if left := backoff(p.Attempt) - o.Now.Sub(p.FinishedAt); left > 0 {
		return Decision{Work: work, Recheck: left, Reason: v1alpha1.ReasonRetrying,
			Message: fmt.Sprintf("attempt %d of %d of the %s Job failed (%s: %s); it is tried again", p.Attempt, maxAttempts, next.Script, r.Reason, r.Message)}
	}
	next.Attempt = p.Attempt + 1
	work.add(next)
	return wait(o, work, fmt.Sprintf("running the %s Job, attempt %d of %d", next.Script, next.Attempt, maxAttempts), "")
}

// runJob follows a Job from its first attempt to its end; ended is false once
// it has succeeded.
func runJob(o *Observation, p migrations.Progress, work Work, next Action) (d Decision, goesOn bool) {
	running := fmt.Sprintf("running the %s Job", next.Script)
	switch {
	case p.Done:
		return Decision{}, false
	case p.Attempt == 0:
		next.Attempt = 1
		work.add(next)
		return wait(o, work, running, ""), true
	case p.Active:
		return wait(o, work, running, p.Blocked), true
	default:
		return retry(o, p, work, next), true
	}
}
