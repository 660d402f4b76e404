// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"strconv"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// maxAttempts bounds how often a step is tried for a reason that may pass.
const maxAttempts = 3

// backoff before the second, third, … attempt: 10 s, 20 s, …, at most 5 min.
func backoff(attempt int) time.Duration {
	return min(10*time.Second<<min(attempt-1, 5), 5*time.Minute)
}

// retry tries a failed Job again when its reason may pass, and fails otherwise.
// work is what goes on meanwhile.
func retry(o *Observation, p migrations.Progress, work Work, next Action) Decision {
	r := p.Result
	if givesUp(p) {
		return fail(o, string(r.Reason), r.Message)
	}
	pause := backoff(p.Attempt)
	if r.Reason == migrations.ReasonLockTimeout {
		pause = backoff(1) // the attempt itself has waited already
	}
	if left := pause - o.Now.Sub(p.FinishedAt); left > 0 {
		return Decision{Work: work, Recheck: left, Reason: v1alpha1.ReasonRetrying, Waiting: true,
			Message: fmt.Sprintf("attempt %s of the %s Job failed (%s: %s); it is tried again", count(p, 0), next.Script, r.Reason, r.Message)}
	}
	next.Attempt = p.Attempt + 1
	work.add(next)
	return wait(o, work, fmt.Sprintf("running the %s Job, attempt %s", next.Script, count(p, 1)), "")
}

// givesUp is true for a Job that has failed and is not tried again by itself.
// Somebody else's migration ends some day: that wait is not counted.
func givesUp(p migrations.Progress) bool {
	r := p.Result.Reason
	return !p.Active && !p.Done && (!r.Passing() || p.Tries() >= maxAttempts && r != migrations.ReasonLockTimeout)
}

// count is the number of an attempt so many after the newest, out of how many
// when they are counted.
func count(p migrations.Progress, after int) string {
	if p.Result.Reason == migrations.ReasonLockTimeout {
		return strconv.Itoa(p.Attempt + after)
	}
	return fmt.Sprintf("%d of %d", p.Tries()+after, maxAttempts)
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
