// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// defaultMaxLock is how long a migration may hold the tables beside live
// traffic. Measured hops held them for half a second.
const defaultMaxLock = 5 * time.Second

func maxLock(o *Observation) time.Duration {
	if o.Policy.MaxLock == 0 {
		return defaultMaxLock
	}
	return o.Policy.MaxLock
}

// planOf works out what the run is going to do, once its target is proven.
func planOf(o *Observation) *v1alpha1.Plan {
	c := chooseStrategy(o)
	p := &v1alpha1.Plan{Strategy: c.strategy, StrategyReason: c.why, Fallback: c.fallback, Migrations: planned(o)}
	if c.locks {
		p.MaxLockTime = &metav1.Duration{Duration: maxLock(o)}
	}
	p.Backup, p.Reencrypt, p.Rehearsal = backsUp(o), rotates(o), rehearsalWords(o)
	p.Rollback, p.RollbackReason = rollbackClass(o, p)
	p.Steps = planSteps(o, p)
	p.Downtime = downtime(o, p)
	return p
}

// planned counts what the run crosses.
func planned(o *Observation) v1alpha1.PlannedMigrations {
	r := o.Preflight.Result
	m := v1alpha1.PlannedMigrations{Count: r.PendingCount}
	m.Unknown = r.Path == nil && r.PendingCount > 0 && o.run().FromRelease != "" || crossedBefore(o)
	if r.Path != nil {
		m.Additive, m.DataChanging, m.Destructive = r.Path.Additive, r.Path.DataChanging, r.Path.Destructive
		m.Irreversible = r.Path.DowngradeEmpty + r.Path.DowngradeLossy
	}
	return m
}

// crossedBefore is true when a run that this one replaces has changed the schema:
// what it crossed is on no path of this run.
func crossedBefore(o *Observation) bool {
	found := o.run().FromRevision
	return found != "" && found != o.Preflight.Result.Revision
}

// changesSchema is true when the schema will be another one than before the run, or
// before the one that it replaces.
func changesSchema(o *Observation) bool {
	return (o.Preflight.Result.PendingCount > 0 || crossedBefore(o)) && !aheadByUs(o)
}

// savedBy is true when there will be a backup of what the run found: its own, or that
// of the run which it replaces.
func savedBy(o *Observation, p *v1alpha1.Plan) bool {
	run := o.run()
	return p.Backup && !crossedBefore(o) || backupOf(o, o.stored(run.FromRelease), run.FromRevision).Name != ""
}

// rollbackClass is how the run can be taken back, once its migration is done.
func rollbackClass(o *Observation, p *v1alpha1.Plan) (v1alpha1.RollbackClass, string) {
	run, r := o.run(), o.Preflight.Result
	before := o.stored(run.FromRelease)
	switch {
	case run.FromRelease == "":
		return v1alpha1.RollbackNone, "there is no release before this one"
	case before.Hash != "" && before.Database != o.Desired.Database:
		return v1alpha1.RollbackNone, before.Version + " uses another database: setting spec.database.uriFrom back is the way back"
	}
	class, why, saved := v1alpha1.RollbackImage, "the schema stays as it is", savedBy(o, p)
	if changesSchema(o) {
		class, why = pick(o, options{serves: survives(o, run.From, run.To, p.Migrations), downgrade: true,
			proven: provenBack(o, cmp.Or(run.FromRevision, r.Revision)), backup: saved})
	}
	if p.Reencrypt && class == v1alpha1.RollbackImage {
		return v1alpha1.RollbackDowngrade, why + "; what is stored is encrypted with the key before once more"
	}
	if r.PendingCount > 0 && r.Database != "postgresql" && !saved {
		why += "; a migration that fails half-way needs a backup of your own, for the database has no transactional DDL"
	}
	return class, why
}

// planHash identifies a plan. Estimates are no part of it; the fence is, so that
// no run is approved by what was meant for another.
func planHash(o *Observation, p *v1alpha1.Plan) string {
	bare := p.DeepCopy()
	bare.Downtime = ""
	for i := range bare.Steps {
		bare.Steps[i].Seconds = nil
	}
	raw, err := json.Marshal(struct {
		Plan  *v1alpha1.Plan
		Fence int64
		From  string
		To    string
		Head  string
	}{bare, o.Status.UpgradeRevision, o.run().FromRelease, o.run().ToRelease, o.Preflight.Result.Head})
	if err != nil {
		panic(fmt.Sprintf("encoding a plan: %v", err)) // plain values only
	}
	sum := sha256.Sum256(raw)
	return "sha256-" + hex.EncodeToString(sum[:6])
}

// crossing says in words what the migrations do.
func crossing(m v1alpha1.PlannedMigrations) string {
	text := fmt.Sprintf("%d schema revisions", m.Count)
	if m.Count == 1 {
		text = "1 schema revision"
	}
	var parts []string
	for _, class := range []struct {
		n    int32
		verb string
	}{{m.Additive, "additive"}, {m.DataChanging, "data-changing"}, {m.Destructive, "destructive"}} {
		if class.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", class.n, class.verb))
		}
	}
	switch {
	case m.Unknown && m.Count == 0:
		text += ", after those that the run before has crossed"
	case m.Unknown:
		text += " of unknown class"
	case len(parts) > 0:
		text += " (" + strings.Join(parts, ", ") + ", by their text)"
	}
	return text
}
