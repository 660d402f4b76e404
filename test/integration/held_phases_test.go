// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// heldPhase describes how to keep a Superset in a phase until a test has
// finished.
type heldPhase struct {
	phase v1alpha1.Phase
	edits []func(*v1alpha1.Superset)
	// slow is true if pods must end slowly, from the install on.
	slow bool
	// from is the version to upgrade to before the edits; empty for the version of
	// the install.
	from string
}

// heldPhases has every phase but Pending, which is too short.
var heldPhases = []heldPhase{
	{phase: v1alpha1.PhaseReady},
	{phase: v1alpha1.PhaseValidate, edits: edits(version("6.0.0"), jobs("sim.superset-operator.dev/delay", "100s"))},
	{phase: v1alpha1.PhaseDBMigrate, edits: edits(version("6.0.0"), tag("6.0.0-migrate-hangs"))},
	{phase: v1alpha1.PhaseUpgradeScheduler, edits: edits(config("ROW_LIMIT = 1\n")), slow: true},
	{phase: v1alpha1.PhaseUpgradeWorkers, edits: edits(version("6.0.0"), tag("6.0.0-worker-unready"))},
	{phase: v1alpha1.PhaseUpgradeWeb, edits: edits(version("6.0.0"), tag("6.0.0-web-unready"))},
	{phase: v1alpha1.PhaseVerify, edits: edits(version("6.0.0"), slowVerify)},
	{phase: v1alpha1.PhaseRollback, edits: edits(annotation(v1alpha1.AnnotationRollback, "now")), slow: true, from: "6.0.0"},
	{phase: v1alpha1.PhaseRolledBack, edits: edits(version("6.0.0"), tag("6.0.0-migrate-fails"))},
	{phase: v1alpha1.PhaseFailed, edits: edits(version("6.0.0"), tag("6.0.0-preflight-fails"))},
}

func edits(list ...func(*v1alpha1.Superset)) []func(*v1alpha1.Superset) { return list }

// slowVerify makes the verify Job run without end.
func slowVerify(s *v1alpha1.Superset) { jobs(annotationVerifyHangs, "")(s) }

// inEveryPhase runs a test once for each phase, with a Superset that is kept in
// it.
func inEveryPhase(t *testing.T, test func(*testing.T, *fixture, v1alpha1.Phase)) {
	t.Helper()
	for _, s := range heldPhases {
		t.Run(string(s.phase), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.install("5.0.0", strategy(v1alpha1.StrategyRolling), func(superset *v1alpha1.Superset) {
				if s.slow {
					endsSlowly("8s")(superset)
				}
			})
			if s.from != "" {
				f.edit(version(s.from))
				f.ready(s.from)
			}
			if s.edits != nil {
				f.edit(s.edits...)
			}
			f.phase(s.phase)
			test(t, f, s.phase)
		})
	}
}
