// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// longestSleep bounds the time until the next check of a window: clocks are set and
// time zones change.
const longestSleep = time.Hour

// inWindow is true when an upgrade may begin now. Otherwise message says when it may, or
// which window is invalid, and recheck when to check again; 0 for never.
func inWindow(now time.Time, windows []v1alpha1.MaintenanceWindow) (open bool, message string, recheck time.Duration) {
	if len(windows) == 0 {
		return true, "", 0
	}
	var next time.Time
	for i := range windows {
		isOpen, opens, err := windowAt(now, &windows[i])
		if err != nil {
			return false, fmt.Sprintf("spec.upgrade.windows[%d]: %v", i, err), 0
		}
		open = open || isOpen
		if next.IsZero() || !opens.IsZero() && opens.Before(next) {
			next = opens
		}
	}
	if open {
		return true, "", 0
	}
	if next.IsZero() {
		return false, "no maintenance window ever opens: check spec.upgrade.windows", 0
	}
	message = "outside of the maintenance windows; the next one opens at " + next.UTC().Format(time.RFC3339)
	return false, message, min(next.Sub(now), longestSleep)
}

// windowAt is true while a window is open; opens is when it opens next, zero for never.
// An error says which field is invalid and what to write instead.
func windowAt(now time.Time, w *v1alpha1.MaintenanceWindow) (open bool, opens time.Time, err error) {
	zone, err := time.LoadLocation(w.TimeZone) // the empty name is UTC
	if err != nil || w.TimeZone == "Local" {
		return false, time.Time{}, fmt.Errorf("timeZone %q is unknown: write a name such as Europe/Berlin", w.TimeZone)
	}
	schedule, err := cron.ParseStandard(w.Schedule)
	if err != nil {
		return false, time.Time{}, fmt.Errorf(`schedule %q is not a cron expression (%w): write for example "0 2 * * 6"`, w.Schedule, err)
	}
	if _, ok := schedule.(cron.ConstantDelaySchedule); ok {
		return false, time.Time{}, fmt.Errorf(`schedule %q has no fixed times: write for example "0 2 * * 6" or @daily`, w.Schedule)
	}
	local := now.In(zone)
	began := schedule.Next(local.Add(-w.Duration.Duration))
	return !began.IsZero() && !began.After(local), schedule.Next(local), nil
}
