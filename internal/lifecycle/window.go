// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// windowAt is true while a window is open; opens is when it does so next, zero
// for never. An error says which field is wrong and what to write instead.
func windowAt(now time.Time, w *v1alpha1.MaintenanceWindow) (open bool, opens time.Time, err error) {
	zone, err := time.LoadLocation(w.TimeZone) // the empty name is UTC
	if err != nil || w.TimeZone == "Local" {
		return false, time.Time{}, fmt.Errorf("timeZone %q is unknown: write a name such as Europe/Berlin", w.TimeZone)
	}
	schedule, err := cron.ParseStandard(w.Schedule)
	if err != nil {
		return false, time.Time{}, fmt.Errorf(`schedule %q is no cron expression (%w): write for example "0 2 * * 6"`, w.Schedule, err)
	}
	if _, ok := schedule.(cron.ConstantDelaySchedule); ok {
		return false, time.Time{}, fmt.Errorf(`schedule %q has no fixed times: write for example "0 2 * * 6" or @daily`, w.Schedule)
	}
	local := now.In(zone)
	began := schedule.Next(local.Add(-w.Duration.Duration))
	return !began.IsZero() && !began.After(local), schedule.Next(local), nil
}
