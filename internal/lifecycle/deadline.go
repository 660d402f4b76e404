// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// deadline is how long the phase may take: what spec says, or the default that
// the API documents.
func deadline(o *Observation) time.Duration {
	d := o.Policy.Deadlines
	switch o.phase() {
	case validate:
		if asksToRehearse(o) { // the copy may be a large one
			return orDefault(d.Validate, 2*time.Hour)
		}
		return orDefault(d.Validate, 15*time.Minute)
	case dbMigrate:
		return orDefault(d.Migrate, time.Hour)
	case scheduler:
		return orDefault(d.Scheduler, 15*time.Minute)
	case workers:
		return orDefault(d.Workers, 30*time.Minute)
	case web:
		return orDefault(d.Web, 30*time.Minute)
	case verify:
		return orDefault(d.Verify, 15*time.Minute) + soak(o)
	case rollback:
		return orDefault(d.Rollback, time.Hour)
	case pending, ready, back, failed:
		return 0
	default:
		return 0
	}
}

func orDefault(d *metav1.Duration, fallback time.Duration) time.Duration {
	if d == nil {
		return fallback
	}
	return d.Duration
}

// overdue is true past the deadline. A phase that was done and waited at a gate
// has none any more: the time of the wait is not its own.
func overdue(o *Observation) bool { return !waited(o) && o.elapsed() >= deadline(o) }

// waited is true once the phase under way was done, and a gate was closed.
func waited(o *Observation) bool {
	phases := o.run().Phases
	return len(phases) > 0 && phases[len(phases)-1].Phase == o.phase() && phases[len(phases)-1].Seconds != nil
}

// expired fails a phase that is past its deadline, with what stands in its way.
func expired(o *Observation, blocked string) Decision {
	message := fmt.Sprintf("%s took longer than %s", o.phase(), deadline(o))
	if blocked != "" {
		message += ": " + blocked
	}
	return fail(o, v1alpha1.ReasonDeadlineExceeded, message)
}

// wait stays in the phase: what is waited for, and what stands in the way.
func wait(o *Observation, work Work, message, blocked string) Decision {
	d := Decision{Work: work, Reason: string(o.phase()), Message: message}
	if !overdue(o) {
		d.Recheck = until(o, deadline(o))
	}
	if blocked != "" {
		d.Waiting, d.Reason, d.Message = true, v1alpha1.ReasonBlocked, message+": "+blocked
	}
	return d
}
