// SPDX-License-Identifier: Apache-2.0

package world

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Outcome is how a Job's pod ends.
type Outcome struct {
	// ExitCode of its container.
	ExitCode int32
	// Message is its termination message: a line of JSON, or empty.
	Message string
}

// Result is the line of JSON that the operator's scripts write.
type Result struct {
	Script   string  `json:"script"`
	Reason   string  `json:"reason"`
	Message  string  `json:"message"`
	Database string  `json:"database,omitempty"`
	Revision string  `json:"revision,omitempty"`
	Head     string  `json:"head,omitempty"`
	Identity string  `json:"identity,omitempty"`
	Drops    string  `json:"drops,omitempty"`
	Checks   []Check `json:"checks,omitempty"`
	Charts   string  `json:"charts,omitempty"`
	// Packages are what preflight has resolved; nil if it had nothing to resolve.
	Packages *[]string `json:"packages,omitempty"`

	PendingCount *int    `json:"pendingCount,omitempty"`
	Path         *Path   `json:"path,omitempty"`
	Locks        *Locks  `json:"locks,omitempty"`
	Backup       *Backup `json:"backup,omitempty"`

	Rehearsal *Rehearsal `json:"rehearsal,omitempty"`

	Init []InitStep `json:"init,omitempty"`
	// Web is Reachable or Unreachable; empty if the Job did not ask it.
	Web    string `json:"web,omitempty"`
	WebWhy string `json:"webWhy,omitempty"`
	Company
}

// Company is who else uses a database and its broker, as preflight reports it.
type Company struct {
	Tables      bool      `json:"tables,omitempty"`
	TablesIn    string    `json:"tablesIn,omitempty"`
	Sessions    []Session `json:"sessions,omitempty"`
	Workers     []string  `json:"workers,omitempty"`
	WorkerCount int       `json:"workerCount,omitempty"`
}

// Session counts the sessions with one application name.
type Session struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Path counts the pending revisions by class.
type Path struct {
	Additive         int      `json:"additive"`
	DataChanging     int      `json:"dataChanging"`
	Destructive      int      `json:"destructive"`
	SecondConnection []string `json:"secondConnection,omitempty"`
}

// Locks reports the locks of a migration under live traffic.
type Locks struct {
	Tries       int     `json:"tries"`
	WaitSeconds float64 `json:"waitSeconds"`
	HeldSeconds float64 `json:"heldSeconds"`
}

// Check is one of verify's checks.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Outcome has exit code 1 when the result names a reason, otherwise 0.
func (r Result) Outcome() Outcome {
	line, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	o := Outcome{Message: string(line)}
	if r.Reason != "" {
		o.ExitCode = 1
	}
	return o
}

// fail is the result with a reason.
func (r Result) fail(reason, format string, args ...any) Result {
	r.Reason, r.Message = reason, fmt.Sprintf(format, args...)
	return r
}

// The scripts, by the label of their Jobs.
const (
	scriptPreflight    = "preflight"
	scriptCheck        = "backup-check"
	scriptRehearse     = "rehearse"
	scriptMigrate      = "migrate"
	scriptVerify       = "verify"
	scriptDowngrade    = "downgrade"
	scriptBackup       = "backup"
	scriptRestore      = "restore"
	scriptRestoreCheck = "restore-check"
)

// scriptNames are the names of the scripts in their results.
var scriptNames = map[string]string{
	scriptPreflight: "inspect", scriptCheck: "backup-check", scriptRehearse: "rehearse", scriptMigrate: "migrate", scriptVerify: "verify",
	scriptDowngrade: "downgrade", scriptBackup: "backup", scriptRestore: "restore", scriptRestoreCheck: "restore-check",
}

// changesSchema are those of which only one may run at a time.
var changesSchema = map[string]bool{scriptMigrate: true, scriptDowngrade: true, scriptRestore: true}

// play decides what a script would report. It changes nothing.
func play(pod *corev1.Pod, behavior Behavior, v view) Outcome {
	script := pod.Labels[labelScript]
	result := Result{Script: scriptNames[script], Database: dialectOf(pod), Revision: v.revision}
	if result.Script == "" {
		result.Script = script
		return result.fail("Unexpected", "the simulated world knows no script %q", script).Outcome()
	}
	r, err := podRelease(pod)
	if err != nil {
		return result.fail("ImageBroken", "%v; give the image a tag that begins with one", err).Outcome()
	}
	result.Head = r.head
	switch script {
	case scriptRehearse:
		return rehearse(behavior, result).Outcome()
	case scriptVerify:
		return verify(pod, behavior, v, result).Outcome()
	case scriptDowngrade:
		return downgrade(pod, r, behavior, v, result).Outcome()
	case scriptCheck, scriptBackup, scriptRestoreCheck, scriptRestore:
		return shelve(pod, behavior, v, result).Outcome()
	case scriptMigrate:
		if behavior == MigrateCrashes {
			return Outcome{ExitCode: 137}
		}
	}
	return upgrade(pod, r, behavior, v, result).Outcome()
}

// upgrade returns the result of preflight and migrate.
func upgrade(pod *corev1.Pod, r release, behavior Behavior, v view, result Result) Result {
	result.Identity = v.identity
	pending, count, known := r.pending(result.Revision)
	if known {
		result.PendingCount = &count
	}
	switch script := pod.Labels[labelScript]; {
	case behavior == PreflightFails && script == scriptPreflight:
		return result.fail("ImageBroken", "the image lacks a Python module: No module named 'simulated_failure'")
	case !known:
		return result.fail("DatabaseAhead", "the database is at revision %s, which this image does not know: it was migrated by a newer or a different Superset; use the image of that version", result.Revision)
	case script == scriptPreflight:
		return preflight(pod, pending, v, result)
	case v.half:
		return result.fail("MigrationFailed", "OperationalError: (1060, \"Duplicate column name\"): an earlier change ended half-way")
	default:
		result = migrate(r, behavior, env(pod, envMaxLock).Value, result)
		if result.Reason != "" {
			return result
		}
		return initialize(env(pod, envInit).Value, behavior, result)
	}
}

// preflight returns the result of a preflight that knows the revision of the database.
func preflight(pod *corev1.Pod, pending []string, v view, result Result) Result {
	if result = resolve(pod, result); result.Reason != "" {
		return result
	}
	result.Charts, result.Company = chartsOf(env(pod, envCharts).Value), v.company
	if env(pod, envWebReady).Value == "1" {
		result.reach(pod)
	}
	if result.Revision != "" {
		result.Path = pathOf(pending)
	}
	return asked(pod, result)
}

// chartsOf returns preflight's result for charts: each of them has three rows.
func chartsOf(ids string) string {
	var out []string
	for _, id := range strings.FieldsFunc(ids, func(r rune) bool { return r == ',' }) {
		out = append(out, id+":0123abcd:3")
	}
	return strings.Join(out, ",")
}

// migrate succeeds unless the behavior requires a failure; budget is set when it
// runs under live traffic.
func migrate(r release, behavior Behavior, budget string, result Result) Result {
	if budget != "" {
		result.Locks = &Locks{Tries: 3, WaitSeconds: 1.2, HeldSeconds: 0.5}
	}
	switch {
	case behavior == MigrateBusy && budget != "":
		result.Locks.HeldSeconds = 0
		return result.fail("TablesBusy", "the tables could not all be locked at once within 60 s (3 attempts); blocked by: psql (idle in transaction since 09:12:00)")
	case behavior == MigrateSlow && budget != "":
		return result.fail("LockBudgetExceeded", "the migration held the tables' locks for longer than %s s; rolled back, the revision is still %s", budget, result.Revision)
	case behavior == MigrateFails && result.Database == mysql:
		result.Revision = between(result.Revision, r.head)
		return result.fail("MigrationFailed", "OperationalError: this migration was told to fail; mysql may be left partially migrated: restore the backup")
	case behavior == MigrateFails:
		return result.fail("MigrationFailed", "ProgrammingError: this migration was told to fail")
	default:
		none := 0
		result.Revision, result.PendingCount = r.head, &none
		return result
	}
}
