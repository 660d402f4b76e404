// SPDX-License-Identifier: Apache-2.0

package main

// mutant is one mistake: in File the text Old, which stands there once, is New.
type mutant struct {
	// Name is short, for -only.
	Name string
	// What the mistake is, in the words of who would make it.
	What string
	File string
	Old  string
	New  string
}

const (
	lifecycle  = "internal/lifecycle/"
	controller = "internal/controller/"
	migrations = "internal/migrations/"
)

// mutants are mistakes that somebody could make, each against a law of
// ARCHITECTURE.md or a promise of the docs.
var mutants = []mutant{
	{"no-optimistic-lock", "the status is written whatever stands there by now",
		controller + "record.go", "client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})", "client.MergeFrom(before)"},
	{"records-first", "a Job that was not made counts as made",
		controller + "execute.go", "if err := r.apply.Create(ctx, s, job); err != nil {\n\t\treturn err\n\t}\n\tr.made.Add(s.UID, job.Name)\n\treturn nil", "_ = r.apply.Create(ctx, s, job)\n\tr.made.Add(s.UID, job.Name)\n\treturn nil"},
	{"any-owner", "an object that somebody else made is taken for ours",
		controller + "observe.go", "if metav1.IsControlledBy(job, s) {", "if job != nil {"},
	{"fence-stays", "a run begins under the fence of the one before",
		lifecycle + "advance.go", "s.record(v1alpha1.ResultSuperseded)\n\ts.UpgradeRevision = max(s.UpgradeRevision, o.MaxFence) + 1", "s.record(v1alpha1.ResultSuperseded)\n\ts.UpgradeRevision = max(s.UpgradeRevision, o.MaxFence)"},
	{"fence-forgets", "after the status was lost the fence begins anew",
		lifecycle + "advance.go", "s.record(v1alpha1.ResultSuperseded)\n\ts.UpgradeRevision = max(s.UpgradeRevision, o.MaxFence) + 1", "s.record(v1alpha1.ResultSuperseded)\n\ts.UpgradeRevision++"},
	{"done-by-version", "a tier counts as done by its release alone, whatever its fence",
		lifecycle + "work.go", "t.Release == r.Hash && t.Fence == o.Status.UpgradeRevision && t.Mode == mode && t.Current", "t.Release == r.Hash && t.Mode == mode && t.Current"},
	{"not-observed", "a tier counts as ready before its controller has seen the change",
		controller + "tier.go", "Current: status.ObservedGeneration == c.GetGeneration() && status.Fence == spec.Fence,", "Current: true,"},
	{"job-without-fence", "Jobs of two runs share a name",
		migrations + "job.go", `fmt.Sprintf("-%s-%d-%d-%s", script, fence, attempt,`, `fmt.Sprintf("-%s-%d-%d-%s", script, min(fence, 1), attempt,`},
	{"job-by-controller", "the Job controller starts a migration a second time",
		migrations + "job.go", "BackoffLimit:            new(int32),", "BackoffLimit:            ptr(int32(3)),"},
	{"two-migrations", "a migration begins while another one's pod runs",
		lifecycle + "migrate.go", "if p.Active || o.Migrating {", "if p.Active {"},
	{"edit-ends-migration", "an edit leaves a migration that runs",
		lifecycle + "migrate.go", "if p.Active || o.Migrating {\n\t\treturn migrating(o)\n\t}\n\tif d, ok := rollbackToken(o); ok {\n\t\treturn d\n\t}", "if d, ok := edited(o, true); ok {\n\t\treturn d\n\t}\n\tif p.Active || o.Migrating {\n\t\treturn migrating(o)\n\t}\n\tif d, ok := rollbackToken(o); ok {\n\t\treturn d\n\t}"},
	{"drain-does-not-wait", "a Drain migrates beside pods that are ending",
		lifecycle + "migrate.go", "quiet = quiet && stopped && t.Pods == 0", "quiet = quiet && stopped"},
	{"beat-too-early", "the scheduler is released before the workers are there",
		lifecycle + "tiers.go", "if rolled || released(o, target) {", "if true {"},
	{"two-beats", "the old scheduler runs beside the migration",
		lifecycle + "work.go", "return tier == Scheduler || o.run().Strategy", "return o.run().Strategy"},
	{"trusts-verify", "what was not tested by use counts as verified",
		lifecycle + "tiers.go", "if d, goesOn := runJob(o, o.Verify, work, verifyJob(o, o.run().ToRelease)); goesOn {\n\t\treturn d\n\t}\n\tif tier >= 0 {", "if tier >= 0 {"},
	{"paused-moves", "a paused Superset goes on",
		lifecycle + "decide.go", `if o.Policy.Paused && (d.Move != ""`, `if o.Policy.Paused && (d.Move == Begin`},
	{"token-acts-twice", "a token that was handled acts again",
		lifecycle + "turnback.go", `return o.Tokens.Rollback != "" && o.Tokens.Rollback != o.Status.LastHandled.Rollback`, `return o.Tokens.Rollback != ""`},
	{"leftover-token", "a token that stood there acts on the run that begins",
		lifecycle + "decide.go", `turns := d.Move == Begin || d.Move == RollBack`, `turns := d.Move == RollBack`},
	{"ahead-is-error", "a schema that an Image rollback left is refused",
		lifecycle + "validate.go", "return s != nil && s.AheadAfterRollback && r.Reason", "return s != nil && !s.AheadAfterRollback && r.Reason"},
	{"back-while-serving", "the schema is taken back while the new release serves on it",
		lifecycle + "rollback.go", "if !quiet {", "if !quiet && o.Tiers[Scheduler].Pods > 0 {"},
	{"half-schema-serves", "the old release is put on a schema that was left half changed",
		lifecycle + "way.go", "case schema.HalfMigrated:", "case schema.HalfMigrated && need == \"\":"},
	{"downgrade-with-old-image", "the old image, which lacks the scripts, takes the schema back",
		lifecycle + "rollback.go", "a.Script, a.Release, a.Reencrypt = migrations.Downgrade, way.Release, way.Reencrypt", "a.Script, a.Release, a.Reencrypt = migrations.Downgrade, o.run().RollbackRelease, way.Reencrypt"},
	{"loses-data", "a backup is put over newer data without a question",
		lifecycle + "turnback.go", `if token == "" || o.Tokens.AcceptDataLoss == token {`, `if token == "" || token != "" {`},
	{"migrates-before-backup", "the migration does not wait for the backup",
		lifecycle + "migrate.go", "if d, goesOn := runJob(o, o.Backup, work, next); goesOn {", "if d, goesOn := runJob(o, o.Backup, work, next); goesOn && o.Backup.Attempt == 0 {"},
	{"key-forgotten", "a run that is replaced forgets with which key it has begun to encrypt",
		lifecycle + "way.go", "schema.SecretKey, known = key, true", "known = true"},
	{"prunes-in-use", "a release that a rollback needs is pruned",
		controller + "prune.go", "if len(keep) < historyLimit(s) || inUse(s, w, stored.Hash) {", "if len(keep) < historyLimit(s) {"},
	{"no-first-look", "a process that begins trusts its cache from the start",
		controller + "firstlook.go", "if _, seen := r.seen.Get(s.UID); seen {", "if _, seen := r.seen.Get(s.UID); seen || true {"},
	{"misses-own-status", "nothing wakes the controller when the cache has its own write",
		controller + "watches.go", "\t\t\t!equality.Semantic.DeepEqual(before.Status, after.Status)\n", "\t\t\tbefore.Status.Phase != after.Status.Phase\n"},
	{"ends-migration", "a migrate Job that nothing waits for is ended",
		migrations + "job.go", "return s == Migrate || s == Downgrade || s == Restore", "return s == Downgrade || s == Restore"},
}
