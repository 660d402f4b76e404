// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// steps lists what the run does, phase by phase, with the time that each phase took in
// the last run of its kind. Phases with nothing to do are left out.
func steps(s *state.Snapshot, p *v1alpha1.Plan) []v1alpha1.PlanStep {
	took := lastDurations(s.Status.History, s.Run.Kind)
	if _, known := took[v1alpha1.PhaseDBMigrate]; !known && s.Rehearsal != nil && s.Rehearsal.MigrateSeconds > 0 {
		took[v1alpha1.PhaseDBMigrate] = s.Rehearsal.MigrateSeconds
	}
	var out []v1alpha1.PlanStep
	for _, step := range []v1alpha1.PlanStep{
		{Phase: v1alpha1.PhaseValidate, What: validateStep(s)},
		{Phase: v1alpha1.PhaseDBMigrate, What: migrateStep(s, p)},
		{Phase: v1alpha1.PhaseUpgradeScheduler, What: schedulerStep(s)},
		{Phase: v1alpha1.PhaseUpgradeWorkers, What: workersStep(s)},
		{Phase: v1alpha1.PhaseUpgradeWeb, What: webStep(s, p)},
		{Phase: v1alpha1.PhaseVerify, What: verifyStep(s)},
	} {
		if step.What == "" {
			continue
		}
		if seconds, known := took[step.Phase]; known {
			step.Seconds = &seconds
		}
		out = append(out, step)
	}
	return out
}

// lastDurations are the seconds that each phase of the newest successful run of a kind
// took, read from its line of history; empty when there was none.
func lastDurations(history []v1alpha1.HistoryEntry, kind v1alpha1.UpgradeKind) map[v1alpha1.Phase]int64 {
	took := map[v1alpha1.Phase]int64{}
	for i := range history {
		if history[i].Kind != kind || history[i].Result != v1alpha1.ResultSucceeded {
			continue
		}
		for part := range strings.SplitSeq(history[i].Phases, ", ") {
			var phase string
			var seconds int64
			if _, err := fmt.Sscanf(part, "%s %ds", &phase, &seconds); err == nil {
				took[v1alpha1.Phase(phase)] += seconds
			}
		}
		break
	}
	return took
}

func validateStep(s *state.Snapshot) string {
	what := fmt.Sprintf("validate %s in its own image", s.Run.To)
	switch {
	case s.Rehearsal != nil:
		return what + "; rehearse on a copy of the database"
	case RehearsalAsked(s):
		return what + "; without a rehearsal, because only PostgreSQL can be copied for one"
	default:
		return what
	}
}

// migrateStep is empty when the phase is skipped.
func migrateStep(s *state.Snapshot, p *v1alpha1.Plan) string {
	what, after := changes(p), initSteps(s.Desired.Init)
	switch {
	case SkipsMigration(s):
		return ""
	case p.Migrations.Count == 0 && !p.Reencrypt:
		return initStep(s, p)
	case p.Strategy == "":
		return what + ", then superset init" + after
	case p.Strategy == v1alpha1.StrategyDrain:
		return "stop scheduler, workers and web; " + what + ", then superset init" + after
	case p.MaxLockTime != nil:
		return fmt.Sprintf("hold the scheduler; %s under live traffic, all tables locked for at most %s, then superset init%s", what, p.MaxLockTime.Duration, after)
	default:
		return "hold the scheduler; " + what + " under live traffic, without table locks, then superset init" + after
	}
}

// initStep is the step of a run that does not change the schema.
func initStep(s *state.Snapshot, p *v1alpha1.Plan) string {
	before := "hold the scheduler"
	if s.Reprefixes && p.Strategy == v1alpha1.StrategyDrain {
		before = "stop scheduler, workers and web"
	}
	return before + "; superset init, without a schema change" + initSteps(s.Desired.Init)
}

// changes says what is done to the database.
func changes(p *v1alpha1.Plan) string {
	var parts []string
	if p.Backup {
		parts = append(parts, "back up the database")
	}
	if p.Migrations.Count > 0 || !p.Reencrypt {
		parts = append(parts, "migrate "+migrationsInWords(p.Migrations))
	}
	if p.Reencrypt {
		parts = append(parts, "re-encrypt stored secrets with the new secret key")
	}
	return strings.Join(parts, "; ")
}

func schedulerStep(s *state.Snapshot) string {
	switch {
	case s.Desired.Has[state.Scheduler]:
		return "upgrade the scheduler to " + s.Desired.Version + ", held at zero pods until the workers are upgraded: older workers drop tasks that they do not know"
	case s.Tiers[state.Scheduler].Exists:
		return "remove the scheduler"
	default:
		return ""
	}
}

func workersStep(s *state.Snapshot) string {
	switch {
	case s.Desired.Has[state.Worker] && s.Desired.Has[state.Scheduler]:
		return "roll the workers, then release the scheduler"
	case s.Desired.Has[state.Worker]:
		return "roll the workers"
	case s.Tiers[state.Worker].Exists:
		return "remove the workers"
	case s.Desired.Has[state.Scheduler]:
		return "release the scheduler"
	default:
		return ""
	}
}

func webStep(s *state.Snapshot, p *v1alpha1.Plan) string {
	web := &s.Tiers[state.Web]
	switch {
	case s.Desired.Has[state.Web] && (p.Strategy == v1alpha1.StrategyDrain || !web.Serves()):
		return "start web"
	case s.Desired.Has[state.Web]:
		return "roll web, never below its replicas"
	case web.Exists:
		return "remove web"
	default:
		return ""
	}
}

func verifyStep(s *state.Snapshot) string {
	what := "smoke tests: schema, images, answers of the API and of the workers"
	if s.Soak > 0 {
		what += fmt.Sprintf("; then a soak of %s without a restart", s.Soak)
	}
	return what
}

// downtime is what users see of the run.
func downtime(s *state.Snapshot, p *v1alpha1.Plan) string {
	web := &s.Tiers[state.Web]
	switch {
	case web.Stopped():
		return "web is stopped already, until it is started again"
	case !web.Exists || p.Strategy != v1alpha1.StrategyDrain:
		return "None"
	default:
		return "from the stop of web until it serves again" + estimate(p.Steps)
	}
}

// estimate is the time from DBMigrate to UpgradeWeb; empty when a phase has none.
func estimate(steps []v1alpha1.PlanStep) string {
	var seconds int64
	for _, step := range steps {
		if step.Phase == v1alpha1.PhaseValidate || step.Phase == v1alpha1.PhaseVerify {
			continue
		}
		if step.Seconds == nil {
			return ""
		}
		seconds += *step.Seconds
	}
	return fmt.Sprintf(", about %d s", seconds)
}

// InOneLine says on one line what a plan does.
func InOneLine(p *v1alpha1.Plan) string {
	strategy := string(p.Strategy)
	if p.Fallback != "" {
		strategy += ", else " + string(p.Fallback)
	}
	rehearsal := ""
	if p.Rehearsal != "" {
		rehearsal = "; rehearsal: " + p.Rehearsal
	}
	text := fmt.Sprintf("%s; %s; downtime: %s; rollback: %s%s", strategy, migrationsInWords(p.Migrations),
		cmp.Or(uncapitalized(p.Downtime), "unknown"), p.Rollback, rehearsal)
	return strings.Join(append([]string{text}, p.Notes...), "; ")
}

// uncapitalized begins with a lower-case letter, so that text fits into a sentence. It is
// empty for a plan whose status somebody restored without it.
func uncapitalized(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToLower(text[:1]) + text[1:]
}

// migrationsInWords says how many schema revisions a plan crosses, and of which class.
func migrationsInWords(m v1alpha1.PlannedMigrations) string {
	text := fmt.Sprintf("%d schema revisions", m.Count)
	if m.Count == 1 {
		text = "1 schema revision"
	}
	var parts []string
	for _, class := range []struct {
		n    int32
		name string
	}{{m.Additive, "additive"}, {m.DataChanging, "data-changing"}, {m.Destructive, "destructive"}, {m.UnknownCount, "unknown"}} {
		if class.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", class.n, class.name))
		}
	}
	switch {
	case m.Unknown && m.Count == 0:
		text += ", after those of the replaced run"
	case m.Unknown:
		text += " of unknown class"
	case len(parts) > 0:
		text += " (" + strings.Join(parts, ", ") + ", by static analysis)"
	}
	return text
}
