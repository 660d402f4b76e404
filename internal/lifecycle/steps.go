// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// planSteps lists what the run does, phase by phase, with the time that each
// took in the last run of its kind. Phases with nothing to do are left out.
func planSteps(o *Observation, p *v1alpha1.Plan) []v1alpha1.PlanStep {
	took := lastTook(o.Status.History, o.run().Kind)
	var out []v1alpha1.PlanStep
	add := func(phase v1alpha1.Phase, what string) {
		if what == "" {
			return
		}
		step := v1alpha1.PlanStep{Phase: phase, What: what}
		seconds, ok := took[phase]
		if r := rehearsed(o); !ok && phase == dbMigrate && r != nil && r.MigrateSeconds > 0 {
			seconds, ok = r.MigrateSeconds, true
		}
		if ok {
			step.Seconds = &seconds
		}
		out = append(out, step)
	}
	add(validate, validateStep(o))
	add(dbMigrate, migrateStep(o, p))
	add(scheduler, schedulerStep(o))
	add(workers, workersStep(o))
	add(web, webStep(o, p))
	what := "test what runs by use: schema, images, answers of the API and of the workers"
	if s := soak(o); s > 0 {
		what += fmt.Sprintf("; and for %s more, without a restart", s)
	}
	add(verify, what)
	return out
}

func validateStep(o *Observation) string {
	what := fmt.Sprintf("prove %s in its own image", o.run().To)
	switch {
	case rehearsed(o) != nil:
		return what + "; rehearse on a copy of the database"
	case asksToRehearse(o):
		return what + "; without a rehearsal, as only PostgreSQL can be copied for one"
	default:
		return what
	}
}

// changes says what is done to the database.
func changes(p *v1alpha1.Plan) string {
	var parts []string
	if p.Backup {
		parts = append(parts, "back the database up")
	}
	if p.Migrations.Count > 0 || !p.Reencrypt {
		parts = append(parts, "migrate "+crossing(p.Migrations))
	}
	if p.Reencrypt {
		parts = append(parts, "encrypt what is stored with the new secret key")
	}
	return strings.Join(parts, "; ")
}

// migrateStep is empty when the phase is skipped.
func migrateStep(o *Observation, p *v1alpha1.Plan) string {
	what := changes(p)
	switch {
	case afterValidate(o) == SkipMigration:
		return ""
	case p.Migrations.Count == 0 && !p.Reencrypt:
		return "hold the scheduler; superset init, on the schema as it is"
	case p.Strategy == "":
		return what + ", then superset init"
	case p.Strategy == v1alpha1.StrategyDrain:
		return "stop scheduler, workers and web; " + what + ", then superset init"
	case p.MaxLockTime != nil:
		return fmt.Sprintf("hold the scheduler; %s beside live traffic, all tables locked for at most %s, then superset init", what, p.MaxLockTime.Duration)
	default:
		return "hold the scheduler; " + what + " beside live traffic, without table locks, then superset init"
	}
}

func schedulerStep(o *Observation) string {
	switch {
	case o.Desired.Has[Scheduler]:
		return "put the scheduler at " + o.Desired.Version + ", held until the workers are there: they throw away tasks that they do not know"
	case o.Tiers[Scheduler].Exists:
		return "remove the scheduler"
	default:
		return ""
	}
}

func workersStep(o *Observation) string {
	switch {
	case o.Desired.Has[Worker] && o.Desired.Has[Scheduler]:
		return "roll the workers, then release the scheduler"
	case o.Desired.Has[Worker]:
		return "roll the workers"
	case o.Tiers[Worker].Exists:
		return "remove the workers"
	case o.Desired.Has[Scheduler]:
		return "release the scheduler"
	default:
		return ""
	}
}

func webStep(o *Observation, p *v1alpha1.Plan) string {
	switch {
	case o.Desired.Has[Web] && (p.Strategy == v1alpha1.StrategyDrain || !webServes(o)):
		return "start web"
	case o.Desired.Has[Web]:
		return "roll web, never below its replicas"
	case o.Tiers[Web].Exists:
		return "remove web"
	default:
		return ""
	}
}

// downtime is what users will see of the run.
func downtime(o *Observation, p *v1alpha1.Plan) string {
	switch {
	case o.Tiers[Web].Exists && !webServes(o):
		return "web is stopped already, until it is back"
	case !o.Tiers[Web].Exists || p.Strategy != v1alpha1.StrategyDrain:
		return "None"
	default:
		return "from the stop of web until it is back" + about(p.Steps)
	}
}

// webServes is true when web is there and is not held.
func webServes(o *Observation) bool {
	return o.Tiers[Web].Exists && o.Tiers[Web].Mode != v1alpha1.ModeHold
}

// about adds the time from DBMigrate to UpgradeWeb, when the last run tells.
func about(steps []v1alpha1.PlanStep) string {
	var seconds int64
	for _, step := range steps {
		if step.Phase == validate || step.Phase == verify {
			continue
		}
		if step.Seconds == nil {
			return ""
		}
		seconds += *step.Seconds
	}
	return fmt.Sprintf(", about %d s", seconds)
}
