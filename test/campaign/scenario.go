// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/sample"
)

// step is an action of a user and its expected end.
type step struct {
	edits []func(*v1alpha1.Superset)
	// phase in which it ends, and the version that runs then.
	phase   v1alpha1.Phase
	version string
	// answer is the user's reaction when the operator waits for one, once; nil for
	// none.
	answer func(asked *v1alpha1.Superset) (edit func(*v1alpha1.Superset), ok bool)
}

// ended is true when a Superset has reached the end of the step.
func (s step) ended(have *v1alpha1.Superset) bool {
	return have.Status.ObservedGeneration == have.Generation && have.Status.Phase == s.phase && have.Status.Version == s.version
}

// scenario is a step that is disturbed, after undisturbed ones.
type scenario struct {
	name, says string
	// before has the preparing steps; the first one creates the Superset.
	before []step
	step
	// thorough scenarios run with more modes.
	thorough bool
	// variant names the mode whose settings the Superset has; empty for none.
	variant string
}

// key identifies the undisturbed run to compare with.
func (s *scenario) key() string {
	if s.variant == "" {
		return s.name
	}
	return s.name + " with the settings of " + s.variant
}

// with is the scenario of a Superset that has the settings of a mode from its creation on.
func (s *scenario) with(variant string, settings edits) *scenario {
	out := *s
	out.variant = variant
	if len(s.before) == 0 {
		out.edits = slices.Concat(settings, s.edits)
		return &out
	}
	out.before = slices.Clone(s.before)
	out.before[0].edits = slices.Concat(settings, s.before[0].edits)
	return &out
}

type edits = []func(*v1alpha1.Superset)

// to is an upgrade that succeeds.
func to(version string, e ...func(*v1alpha1.Superset)) step {
	return step{edits: append(edits{sample.Version(version)}, e...), phase: v1alpha1.PhaseReady, version: version}
}

// before is the version that every rollback ends with.
const before = "5.0.0"

// back is a step that ends with the previous release.
func back(e ...func(*v1alpha1.Superset)) step {
	return step{edits: e, phase: v1alpha1.PhaseRolledBack, version: before}
}

// accepting accepts the data loss when the run waits for it.
func accepting(s step) step {
	s.answer = func(asked *v1alpha1.Superset) (func(*v1alpha1.Superset), bool) {
		if sample.Condition(asked, v1alpha1.ConditionAwaitingApproval).Status != metav1.ConditionTrue {
			return nil, false
		}
		_, token, ok := strings.Cut(sample.Condition(asked, v1alpha1.ConditionReady).Message, "accept-data-loss=")
		return sample.Annotation(v1alpha1.AnnotationAcceptDataLoss, token), ok
	}
	return s
}

// shortDeadline is the deadline of every phase in the mode outage.
const shortDeadline = 30 * time.Second

func shortDeadlines(s *v1alpha1.Superset) {
	d := &metav1.Duration{Duration: shortDeadline}
	s.Spec.Upgrade.Deadlines = v1alpha1.Deadlines{Validate: d, Migrate: d, Scheduler: d, Workers: d, Web: d, Verify: d, Rollback: d}
}

func backedUp(s *v1alpha1.Superset) { s.Spec.Upgrade.Backup = &v1alpha1.BackupSpec{} }

// by sets the rollback class.
func by(class v1alpha1.RollbackChoice) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Upgrade.Rollback = class }
}

var (
	rolling = sample.Strategy(v1alpha1.StrategyRolling)
	drain   = sample.Strategy(v1alpha1.StrategyDrain)
	asked   = sample.Annotation(v1alpha1.AnnotationRollback, "campaign")
)

// scenarios of the campaign. A new one needs only an entry here.
var scenarios = []scenario{
	{name: "install", says: "installation of 5.0.0", step: to(before)},
	{name: "rolling", says: "upgrade from 5.0.0 to 6.0.0 under live traffic", before: []step{to(before, rolling)}, step: to("6.0.0"), thorough: true},
	{name: "drain", says: "upgrade from 5.0.0 to 6.0.0 behind the maintenance page, with a backup", before: []step{to(before, drain, backedUp)}, step: to("6.0.0")},
	{name: "config", says: "config change at the same version", before: []step{to("6.0.0")}, step: to("6.0.0", sample.Config("ROW_LIMIT = 5000\n"))},
	{name: "failed", says: "6.0.0 fails in Verify and is rolled back automatically (Image)", before: []step{to(before, rolling)},
		step: back(sample.Version("6.0.0"), sample.Tag("6.0.0-verify-fails")), thorough: true},
	{name: "rollback", says: "a finished upgrade is rolled back by annotation (Image)", before: []step{to(before, rolling), to("6.0.0")},
		step: back(asked), thorough: true},
	{name: "downgrade", says: "the same, with a downgrade of the schema (Downgrade)", before: []step{to(before, rolling, by("Downgrade")), to("6.0.0")},
		step: back(asked)},
	{name: "fallback", says: "the same, but the downgrade fails and the rollback falls back to Image", before: []step{to(before, rolling, by("Downgrade")), to("6.0.0", sample.Tag("6.0.0-downgrade-fails"))},
		step: back(asked)},
	{name: "restore", says: "the same from the backup, after the data loss is accepted (Restore)", before: []step{to(before, rolling, by("Restore"), backedUp), to("6.0.0")},
		step: accepting(back(asked))},
}
