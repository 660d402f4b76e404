// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// WayBack is how the database gets to where a stored release serves, and so what
// status.upgrade.rollback becomes: Frozen when nothing leads there, with the reason.
func WayBack(o *Observation, target Release) v1alpha1.RollbackStatus {
	if elsewhere(o, target) {
		return frozen("%s used another database: set spec.database.uriFrom back instead", target.Version)
	}
	way := schemaBack(o, target)
	if gaveUp(o) {
		way.FellBack = o.run().Rollback.FellBack
	}
	if way.Class == v1alpha1.RollbackFrozen || way.Class == v1alpha1.RollbackRestore {
		return way // what is restored is encrypted as it was
	}
	return keyBack(o, target, way)
}

// elsewhere is true when a release used another database than the one that runs, or
// than the one that a run has turned to: what happened there says nothing of it.
func elsewhere(o *Observation, target Release) bool {
	used := []string{o.Status.Release}
	if run := o.run(); run.Touched && (Moving(o.phase()) || o.phase() == failed) {
		used = append(used, run.ToRelease)
	}
	return slices.ContainsFunc(used, func(hash string) bool {
		r := o.stored(hash)
		return r.Hash != "" && r.Database != target.Database
	})
}

func frozen(format string, args ...any) v1alpha1.RollbackStatus {
	return v1alpha1.RollbackStatus{Class: v1alpha1.RollbackFrozen, Reason: fmt.Sprintf(format, args...)}
}

// schemaBack is how the schema gets to where target serves.
func schemaBack(o *Observation, target Release) v1alpha1.RollbackStatus {
	schema, known := schemaNow(o)
	need := neededRevision(o, target)
	switch {
	case schema.HalfMigrated:
		return restoreTo(o, target, "the schema was left between two revisions")
	case !known, schema.Revision == need && !uncertain(o):
		return v1alpha1.RollbackStatus{Class: v1alpha1.RollbackImage, Reason: "the schema is that of " + target.Version}
	}
	owner := schemaOwner(o, schema.Revision)
	if higher(target.Version, owner.Version) {
		return frozen("the database is at the schema of %s, older than %s needs: set spec.version to it", owner.Version, target.Version)
	}
	class, why := pick(o, optionsOf(o, target, owner, need))
	switch class {
	case v1alpha1.RollbackDowngrade:
		return v1alpha1.RollbackStatus{Class: class, Reason: why, Revision: need, Release: owner.Hash}
	case v1alpha1.RollbackRestore:
		return restoreTo(o, target, why)
	default:
		return v1alpha1.RollbackStatus{Class: class, Reason: why}
	}
}

// gaveUp is true when a Downgrade of this very way back has failed.
func gaveUp(o *Observation) bool {
	r := o.run().Rollback
	return r != nil && r.FellBack != "" && (o.phase() == rollback || o.phase() == failed)
}

// notServed is why the old release is not taken to serve on the new schema.
func notServed(o *Observation) string {
	if servedOnCopy(o) == v1alpha1.FindingRefused {
		return "in the rehearsal the old release did not serve on the new schema"
	}
	return "nobody has measured that the old release serves on the new schema"
}

// servesOn is why a version serves on the schema of another release; empty when
// nobody knows that it does.
func servesOn(o *Observation, version string, owner Release) string {
	if run := o.run(); run.Plan != nil && run.ToRelease == owner.Hash && run.From == version {
		return survives(o, version, owner.Version, run.Plan.Migrations)
	}
	return known(version, owner.Version, v1alpha1.PlannedMigrations{Unknown: true})
}

// isRunOf is true when the run leads, or led, from one release to the other.
func isRunOf(o *Observation, from, to Release) bool {
	return o.run().FromRelease == from.Hash && o.run().ToRelease == to.Hash
}

// survives is why the release before serves on the schema of the run's target, by what
// is crossed between them and by the rehearsal; empty when nobody knows that it does, or
// when it did not on a copy.
func survives(o *Observation, from, to string, crossed v1alpha1.PlannedMigrations) string {
	switch why := known(from, to, crossed); {
	case servedOnCopy(o) == v1alpha1.FindingRefused:
		return ""
	case why == "" && servedOnCopy(o) == v1alpha1.FindingProven:
		return fmt.Sprintf("in a rehearsal %s has served on the schema of %s", from, to)
	default:
		return why
	}
}

// known is why a version serves on the schema of a newer one, by what was measured and
// by what was crossed; empty when nobody knows that it does.
func known(from, to string, crossed v1alpha1.PlannedMigrations) string {
	switch {
	case Measured(from) && Measured(to):
		return fmt.Sprintf("%s serves on the schema of %s, as measured for every pair of releases %s", from, to, measuredRange())
	case onlyAdds(crossed):
		return "all migrations are additive, by their text"
	default:
		return ""
	}
}

func onlyAdds(m v1alpha1.PlannedMigrations) bool {
	return !m.Unknown && m.DataChanging+m.Destructive == 0
}

// restoreTo is the way back by the newest backup of what a release needs.
func restoreTo(o *Observation, target Release, why string) v1alpha1.RollbackStatus {
	revision := neededRevision(o, target)
	backup := backupOf(o, target, revision)
	if backup.Name == "" {
		return frozen("%s, and no backup of its database and key holds revision %s: restore one of your own, then retry", why, revision)
	}
	return v1alpha1.RollbackStatus{Class: v1alpha1.RollbackRestore, Reason: why, Revision: revision, Backup: backup.Name}
}

// keyBack adds the way back of the secret key. It needs an image whose release
// has both keys; encrypting anew what is so already changes nothing.
func keyBack(o *Observation, target Release, way v1alpha1.RollbackStatus) v1alpha1.RollbackStatus {
	with, ok := keyHolder(o, target, o.stored(way.Release))
	if !ok {
		return frozen("what is stored is encrypted with another secret key than that of %s, and no release knows both: see spec.previousSecretKeyFrom", target.Version)
	}
	if with.Hash == "" {
		return way
	}
	way.Class, way.Reencrypt, way.Release = v1alpha1.RollbackDowngrade, true, with.Hash
	way.Reason += "; what is stored is encrypted with the key before once more"
	return way
}

// keyHolder is the stored release whose Jobs can read what is stored and encrypt
// it with the key of target; none is needed where that is its key already. ok is
// false when there is none. only, when it is not the zero Release, must be it.
func keyHolder(o *Observation, target, only Release) (holder Release, ok bool) {
	for _, key := range keysNow(o) {
		if key == "" || key == target.Key {
			continue
		}
		i := slices.IndexFunc(o.Stored, func(r Release) bool {
			return r.Key == key && r.PreviousKey == target.Key && (only.Hash == "" || only.Hash == r.Hash)
		})
		if i < 0 {
			return Release{}, false
		}
		holder = o.Stored[i]
	}
	return holder, true
}

// keysNow are the keys that what is stored may be encrypted with: that of the
// verified release, and the one that a run has begun to encrypt with.
func keysNow(o *Observation) [2]string {
	schema, _ := schemaNow(o)
	return [2]string{o.stored(o.Status.Release).Key, schema.SecretKey}
}

// neededRevision is the schema revision that a release ran on: the exact one that
// the run found, else the head of its image; empty when that is not known.
func neededRevision(o *Observation, target Release) string {
	if run := o.run(); run.FromRelease == target.Hash && run.FromRevision != "" {
		return run.FromRevision
	}
	return target.Head
}

// schemaOwner is the stored release of the highest version whose head is a
// revision; the zero Release when there is none.
func schemaOwner(o *Observation, revision string) Release {
	if run := o.run(); run.Head == revision || uncertain(o) {
		return o.stored(run.ToRelease)
	}
	var owner Release
	for _, r := range o.Stored {
		if r.Head == revision && (owner.Hash == "" || higher(r.Version, owner.Version)) {
			owner = r
		}
	}
	return owner
}

// schemaNow is what is known of the schema, with what the Job that changes it in
// this phase has found; known is false when nobody has looked yet.
func schemaNow(o *Observation) (schema v1alpha1.SchemaStatus, known bool) {
	if o.Status.Schema != nil {
		schema, known = *o.Status.Schema, true
	}
	p := changing(o)
	if p.Attempt == 0 || p.Active {
		return schema, known
	}
	if key := begunKey(o, p, schema.SecretKey); key != "" {
		schema.SecretKey, known = key, true
	}
	if r := p.Result; r.Revision != "" {
		schema.Revision, known = r.Revision, true
		schema.Database = cmp.Or(schema.Database, r.Database)
	}
	half := schema.Database != "postgresql" && (p.Broke || p.Result.Reason.Breaks())
	schema.HalfMigrated = !p.Done && (schema.HalfMigrated || half)
	return schema, known
}

// begunKey is the key that a Job has begun to encrypt with what is stored.
func begunKey(o *Observation, p migrations.Progress, before string) string {
	run := o.run()
	switch {
	case o.phase() == dbMigrate && run.Plan != nil && run.Plan.Reencrypt:
		return o.stored(run.ToRelease).Key
	case o.phase() == rollback && run.Rollback.Reencrypt && (p.Done || before == ""):
		return o.stored(run.RollbackRelease).Key
	default:
		return before
	}
}

// changing is the progress of the Job that changes the schema in this phase.
func changing(o *Observation) migrations.Progress {
	switch way := o.run().Rollback; {
	case o.phase() == dbMigrate:
		return o.Migrate
	case o.phase() != rollback || way == nil:
		return migrations.Progress{}
	case way.Class == v1alpha1.RollbackDowngrade:
		return o.Downgrade
	case way.Class == v1alpha1.RollbackRestore:
		return o.Restore
	default:
		return migrations.Progress{}
	}
}

// uncertain is true after a migration that ended without a word: it may have
// committed before. A later Job may have looked since.
func uncertain(o *Observation) bool {
	if o.phase() == dbMigrate {
		p := o.Migrate
		return p.Attempt > 0 && !p.Active && p.Result.Reason == migrations.ReasonJobCrashed
	}
	f := o.run().Failure
	crashed := f != nil && f.Phase == dbMigrate && f.Reason == v1alpha1.ReasonJobCrashed
	return crashed && (Moving(o.phase()) || o.phase() == failed) && changing(o).Result.Revision == ""
}
