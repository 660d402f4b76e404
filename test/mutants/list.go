// SPDX-License-Identifier: Apache-2.0

package main

// mutant is one fault: in File the text Old, which must occur exactly once, is
// replaced with New.
type mutant struct {
	// Name is short, for -only.
	Name string
	// What is a short description of the faulty behavior.
	What string
	File string
	Old  string
	New  string
}

const (
	lifecycle  = "internal/lifecycle/"
	rules      = "internal/lifecycle/rules/"
	controller = "internal/controller/superset/"
	migrations = "internal/migrations/"
	render     = "internal/migrations/render/"
)

// mutants are plausible mistakes of a programmer, each against an invariant of
// ARCHITECTURE.md or a promise of the docs.
var mutants = []mutant{
	{"no-optimistic-lock", "the status is written without optimistic locking",
		"internal/apply/status.go", "client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})", "client.MergeFrom(before)"},
	{"records-first", "a Job whose creation failed counts as created",
		controller + "execute.go", "if err := r.apply.Create(ctx, s, job); err != nil {\n\t\treturn err\n\t}\n\tr.created.Add(s.UID, job.Name)\n\treturn nil", "_ = r.apply.Create(ctx, s, job)\n\tr.created.Add(s.UID, job.Name)\n\treturn nil"},
	{"any-owner", "a foreign object is used as the operator's own",
		controller + "observe.go", "if metav1.IsControlledBy(job, s) {", "if job != nil {"},
	{"pods-by-label", "a foreign pod with the labels of a tier counts as one of its pods",
		"internal/components/pods.go", "\tif controller == nil {\n\t\treturn hash != \"\"\n\t}", "\tif controller == nil {\n\t\treturn true\n\t}"},
	{"fence-stays", "a run begins with the fence of the previous run",
		lifecycle + "advance.go", "n.record(v1alpha1.ResultSuperseded)\n\tn.nextFence()", "n.record(v1alpha1.ResultSuperseded)\n\tn.UpgradeRevision = max(n.UpgradeRevision, s.MaxFence)"},
	{"fence-forgets", "the fence restarts after the status was lost",
		lifecycle + "advance.go", "n.record(v1alpha1.ResultSuperseded)\n\tn.nextFence()", "n.record(v1alpha1.ResultSuperseded)\n\tn.UpgradeRevision++"},
	{"done-by-version", "a tier with the right release counts as done regardless of its fence",
		lifecycle + "actions/tiers.go", "t.Release == r.Hash && t.Fence == s.Status.UpgradeRevision && t.Mode == mode && t.Current", "t.Release == r.Hash && t.Mode == mode && t.Current"},
	{"not-observed", "a tier counts as ready before its controller has observed the change",
		"internal/controller/tiers/tier.go", "Current: status.ObservedGeneration == c.GetGeneration() && status.Fence == spec.Fence,", "Current: true,"},
	{"job-without-fence", "the Jobs of two runs have the same name",
		render + "job.go", `fmt.Sprintf("-%s-%d-%d-%s", script, fence, attempt,`, `fmt.Sprintf("-%s-%d-%d-%s", script, min(fence, 1), attempt,`},
	{"job-by-controller", "the Job controller retries a migration",
		render + "job.go", "BackoffLimit:            new(int32),", "BackoffLimit:            ptr(int32(3)),"},
	{"two-migrations", "a migration begins while the pod of another one runs",
		rules + "migrate.go", "if s.Migrate.Active || s.Migrating {", "if s.Migrate.Active {"},
	{"edit-ends-migration", "an edit abandons a running migration",
		rules + "migrate.go", "if s.Migrate.Active || s.Migrating {\n\t\treturn waitForSchemaJob(s)\n\t}\n\tif d, ok := rollbackRequest(s); ok {\n\t\treturn d\n\t}", "if d, ok := edited(s, true); ok {\n\t\treturn d\n\t}\n\tif s.Migrate.Active || s.Migrating {\n\t\treturn waitForSchemaJob(s)\n\t}\n\tif d, ok := rollbackRequest(s); ok {\n\t\treturn d\n\t}"},
	{"drain-does-not-wait", "a Drain migrates while pods are still ending",
		lifecycle + "actions/tiers.go", "return t.Pods == 0 && (!t.Exists ||", "return (!t.Exists ||"},
	{"web-stops-first", "a Drain stops web while a worker still ends its task",
		lifecycle + "actions/traffic.go", "return starts || awaited && s.Page.Ready || KeepsWeb(s)", "return starts || awaited && s.Page.Ready"},
	{"beat-too-early", "the scheduler is released before the workers are ready",
		rules + "upgrade.go", "if rolled || actions.Released(s, target) {", "if true {"},
	{"two-beats", "the old scheduler runs during the migration",
		lifecycle + "actions/tiers.go", "return tier == state.Scheduler || s.Run.Strategy", "return s.Run.Strategy"},
	{"trusts-verify", "a release counts as verified without a smoke test",
		rules + "verify.go", "if d, goesOn := runJob(s, s.Verify, work, verifyJob(s, s.Run.ToRelease)); goesOn {\n\t\treturn d\n\t}\n\tif tier >= 0 {", "if tier >= 0 {"},
	{"paused-moves", "a paused Superset continues its run",
		rules + "decide.go", `if s.Policy.Paused && (d.Kind == lifecycle.KindMove`, `if s.Policy.Paused && (d.Moves(lifecycle.Begin)`},
	{"token-acts-twice", "a handled token takes effect again",
		lifecycle + "rollback/target.go", `return s.Tokens.Rollback != "" && s.Tokens.Rollback != s.Status.LastHandled.Rollback`, `return s.Tokens.Rollback != ""`},
	{"leftover-token", "an older token takes effect on a new run",
		rules + "tokens.go", `starts := d.Moves(lifecycle.Begin, lifecycle.RollBack)`, `starts := d.Moves(lifecycle.RollBack)`},
	{"ahead-is-error", "a schema that is ahead after an Image rollback is rejected",
		lifecycle + "state/schema.go", "c.AheadOfTarget = c.AheadAfterRollback && r.Reason", "c.AheadOfTarget = !c.AheadAfterRollback && r.Reason"},
	{"back-while-serving", "the schema is downgraded while the new release uses it",
		rules + "rollback.go", "if !stopped {", "if !stopped && s.Tiers[state.Scheduler].Pods > 0 {"},
	{"half-schema-serves", "the old release is started on a partially migrated schema",
		lifecycle + "rollback/rollback.go", "case s.Schema.HalfMigrated:", "case s.Schema.HalfMigrated && need == \"\":"},
	{"downgrade-with-old-image", "the schema is downgraded with the old image, which lacks the scripts",
		rules + "rollback.go", "Revision: how.Revision, Release: how.Release, Reencrypt", "Revision: how.Revision, Release: s.Run.RollbackRelease, Reencrypt"},
	{"loses-data", "a backup is restored over newer data without acceptance of the loss",
		lifecycle + "rollback/rollback.go", `return r.Loss.Token == "" || s.Tokens.AcceptDataLoss == r.Loss.Token`, `return r.Loss.Token == "" || s != nil`},
	{"migrates-before-backup", "the migration does not wait for the backup",
		rules + "migrate.go", "if d, goesOn := runJob(s, s.Backup, work, job); goesOn {", "if d, goesOn := runJob(s, s.Backup, work, job); goesOn && s.Backup.Attempt == 0 {"},
	{"key-forgotten", "a superseded run loses the key with which it had begun to re-encrypt",
		lifecycle + "state/schema.go", "c.SecretKey, c.Known = key, true", "c.Known = true"},
	{"prunes-in-use", "the rollback target is pruned",
		controller + "prune.go", "if len(keep) < historyLimit(s) || inUse(s, w, stored.Hash) {", "if len(keep) < historyLimit(s) {"},
	{"no-first-look", "the initial cache check is skipped",
		"internal/controller/stale/look.go", "if done, err := l.begin(ctx, key, s.UID); done || err != nil {", "if done, err := l.begin(ctx, key, s.UID); done || err != nil || true {"},
	{"misses-own-status", "the controller is not triggered when the cache shows its own write",
		"internal/controller/watch/predicates.go", "\t\t\t!equality.Semantic.DeepEqual(before.Status, after.Status)\n", "\t\t\tbefore.Status.Phase != after.Status.Phase\n"},
	{"secret-retries", "a Secret that changes tries a release again that has failed",
		"internal/controller/secrets/reader.go", "waits := s.Status.Phase != v1alpha1.PhaseReady", "waits := !state.Resting(s.Status.Phase)"},
	{"refusal-restarts", "a Role that is deleted restarts the tiers",
		"internal/controller/secrets/reader.go", "\t\t\tforbidden = err\n", "\t\t\tforbidden, out.versions[string(name)] = err, \"refused\"\n"},
	{"first-look-restarts", "naming a Secret restarts the tiers",
		"internal/controller/secrets/secrets.go", "\tcase noted == \"\":\n\t\treturn read, false\n", "\tcase noted == \"\":\n\t\treturn read, true\n"},
	{"ends-migration", "a migrate Job is deleted when no run waits for it",
		migrations + "script.go", "return s == Migrate || s == Downgrade || s == Restore", "return s == Downgrade || s == Restore"},
}
