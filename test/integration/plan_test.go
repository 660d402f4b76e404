// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

func approval(a v1alpha1.Approval) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Upgrade.Approval = a }
}

func gates(phases ...v1alpha1.Phase) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Upgrade.Gates = phases }
}

func windows(list ...v1alpha1.MaintenanceWindow) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Upgrade.Windows = list }
}

func approve(token string) func(*v1alpha1.Superset) {
	return annotation(v1alpha1.AnnotationApprove, token)
}

// waitAtGate waits until a gate is closed, and returns the Superset in that
// state.
func (f *fixture) waitAtGate(gate string) *v1alpha1.Superset {
	f.t.Helper()
	return f.until("closed gate "+gate, func(s *v1alpha1.Superset) bool {
		return condition(s, gate).Status == metav1.ConditionTrue && s.Status.ObservedGeneration == s.Generation
	})
}

// The plan is in status and in the ControllerRevision before anything changes,
// and only its hash approves it.
func TestPlanWaitsForItsApproval(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", approval(v1alpha1.ApprovalAlways))
	f.edit(version("6.0.0"))
	s := f.waitAtGate(v1alpha1.ConditionAwaitingApproval)
	plan, hash := s.Status.Upgrade.Plan, s.Status.Upgrade.PlanHash
	if plan == nil || plan.Strategy != v1alpha1.StrategyRolling || plan.Fallback != v1alpha1.StrategyDrain || plan.Migrations.Count != 8 || len(plan.Steps) != 6 {
		t.Fatalf("plan: %+v", plan)
	}
	for _, kind := range []string{v1alpha1.ConditionAwaitingApproval, v1alpha1.ConditionReady, v1alpha1.ConditionReconciling} {
		contains(t, condition(s, kind).Message, "8 schema revisions", "kubectl annotate superset bi -n "+f.ns+" --overwrite "+v1alpha1.AnnotationApprove+"="+hash)
	}
	if condition(s, v1alpha1.ConditionStalled).Type != "" {
		t.Error("Stalled is set while a plan waits")
	}
	if s.Status.Phase != v1alpha1.PhaseValidate || s.Status.Version != "5.0.0" {
		t.Errorf("in %s at %s", s.Status.Phase, s.Status.Version)
	}
	stored := &appsv1.ControllerRevision{}
	must(t, k8s.Get(t.Context(), client.ObjectKey{Namespace: f.ns, Name: "bi-" + s.Status.Upgrade.ToRelease}, stored))
	contains(t, stored.Annotations["superset-operator.dev/plan"], `"strategy":"Rolling"`)

	f.edit(approve("yes, please"))
	f.edit(func(s *v1alpha1.Superset) { three := int32(3); s.Spec.Web.Replicas = &three })
	eventually(t, "web is scaled while the plan waits", func() bool { return f.readyPods("web") == 3 })
	if s := f.get(); s.Status.Phase != v1alpha1.PhaseValidate {
		t.Fatalf("a token other than the hash approved the plan: %s", s.Status.Phase)
	}
	f.edit(approve(hash))
	s = f.ready("6.0.0")
	if s.Status.LastHandled.Approve != hash {
		t.Errorf("lastHandled.approve is %q", s.Status.LastHandled.Approve)
	}
	if condition(s, v1alpha1.ConditionAwaitingApproval).Type != "" {
		t.Error("AwaitingApproval remains")
	}
	if s.Status.Upgrade.Locks == nil || s.Status.History[0].Locks == "" {
		t.Error("the lock times of the migration are not reported")
	}
}

// An edit creates another plan, which the approval of the first one does not
// start.
func TestApprovalIsForOnePlan(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", approval(v1alpha1.ApprovalAlways))
	f.edit(version("6.0.0"))
	first := f.waitAtGate(v1alpha1.ConditionAwaitingApproval).Status.Upgrade.PlanHash
	f.edit(version("6.1.0"))
	f.until("a second plan", func(s *v1alpha1.Superset) bool {
		return s.Status.Upgrade.To == "6.1.0" && s.Status.Upgrade.PlanHash != "" && s.Status.Upgrade.PlanHash != first
	})
	f.edit(approve(first), func(s *v1alpha1.Superset) { s.Spec.Config.Raw = "ROW_LIMIT = 1\n" })
	s := f.until("a third plan", func(s *v1alpha1.Superset) bool {
		return s.Status.ObservedGeneration == s.Generation && condition(s, v1alpha1.ConditionAwaitingApproval).Type != ""
	})
	if s.Status.Phase != v1alpha1.PhaseValidate {
		t.Fatalf("an old approval started a new plan: %s", s.Status.Phase)
	}
	f.edit(approve(s.Status.Upgrade.PlanHash))
	f.ready("6.1.0")
}

func TestOnlyDestructivePlansWait(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("6.0.0", approval(v1alpha1.ApprovalWhenDestructive))
	f.edit(version("6.1.0")) // all revisions are additive
	f.ready("6.1.0")

	g := newFixture(t)
	g.install("5.0.0", approval(v1alpha1.ApprovalWhenDestructive))
	g.edit(version("6.0.0"))
	g.edit(approve(g.waitAtGate(v1alpha1.ConditionAwaitingApproval).Status.Upgrade.PlanHash))
	g.ready("6.0.0")
}

// A gated phase waits for its own approval; a rollback does not.
func TestGatedPhase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", gates(v1alpha1.PhaseUpgradeWeb, v1alpha1.PhaseVerify))
	f.edit(version("6.0.0"))
	s := f.waitAtGate(v1alpha1.ConditionAwaitingApproval)
	if s.Status.Phase != v1alpha1.PhaseUpgradeWorkers {
		t.Fatalf("waits in %s", s.Status.Phase)
	}
	token := s.Status.Upgrade.PlanHash + "/UpgradeWeb"
	contains(t, condition(s, v1alpha1.ConditionReady).Message, "UpgradeWeb waits for its approval", v1alpha1.AnnotationApprove+"="+token)
	f.edit(approve(s.Status.Upgrade.PlanHash)) // the approval of the plan is not enough
	f.edit(approve(token))
	f.phase(v1alpha1.PhaseUpgradeWeb)
	f.waitAtGate(v1alpha1.ConditionAwaitingApproval)
	f.edit(annotation(v1alpha1.AnnotationRollback, "now"))
	f.rolledBack("5.0.0")
}

func TestOutsideTheWindow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	never := v1alpha1.MaintenanceWindow{Schedule: "0 0 30 2 *", Duration: metav1.Duration{Duration: limit}}
	f.install("5.0.0", windows(never))
	f.edit(version("6.0.0"))
	s := f.waitAtGate(v1alpha1.ConditionOutsideWindow)
	contains(t, condition(s, v1alpha1.ConditionReady).Message, "no maintenance window ever opens")
	f.edit(func(s *v1alpha1.Superset) { s.Spec.Upgrade.Windows[0].Schedule = "every night" })
	f.until("the invalid schedule is reported", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionOutsideWindow).Message != "" && s.Status.ObservedGeneration == s.Generation
	})
	contains(t, condition(f.get(), v1alpha1.ConditionOutsideWindow).Message, "spec.upgrade.windows[0]", `"every night" is not a cron expression`)
	f.edit(func(s *v1alpha1.Superset) { s.Spec.Upgrade.Windows[0].Schedule = "* * * * *" })
	f.ready("6.0.0")
}

// A migration that holds the locks too long is aborted, rolled back and repeated
// with every tier stopped, but only where the plan permits it.
func TestFallsBackToDrain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.rec.forget()
	f.edit(version("6.0.0"), tag("6.0.0-migrate-slow"))
	s := f.ready("6.0.0")
	if s.Status.Upgrade.Strategy != v1alpha1.StrategyDrain || s.Status.Upgrade.Plan.Strategy != v1alpha1.StrategyRolling {
		t.Errorf("strategy %s, planned %s", s.Status.Upgrade.Strategy, s.Status.Upgrade.Plan.Strategy)
	}
	contains(t, s.Status.Upgrade.FellBack, "held the tables' locks for longer than 5 s")
	told := false
	for _, c := range f.rec.changes() {
		if s, ok := c.obj.(*v1alpha1.Superset); ok && s.Status.Phase == v1alpha1.PhaseDBMigrate && s.Status.Upgrade.FellBack != "" {
			told = told || condition(s, v1alpha1.ConditionReady).Message != ""
			contains(t, condition(s, v1alpha1.ConditionReconciling).Message, "every tier stopped", "held the tables' locks for longer than 5 s")
		}
	}
	if !told {
		t.Error("no condition reported the fallback while the migration was repeated")
	}
	if n := simulated.Migrations(f.ns, "bi"); n.Finished != 3 || n.AtOnce != 1 {
		t.Errorf("migrations: %+v, want that of the install, the aborted one and the one of the Drain", n)
	}
}

func TestRollingNeverDrains(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyRolling))
	f.edit(version("6.0.0"), tag("6.0.0-migrate-slow"))
	s := f.rolledBack("5.0.0")
	if failure := s.Status.Upgrade.Failure; failure == nil || failure.Reason != "LockBudgetExceeded" || failure.Phase != v1alpha1.PhaseDBMigrate {
		t.Errorf("failure: %+v", failure)
	}
}

// While the tables cannot be locked, the condition names the blocking session.
func TestBlockingSessionsAreReported(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.edit(version("6.0.0"), tag("6.0.0-migrate-busy"))
	s := f.until("a message that names the blocking session", func(s *v1alpha1.Superset) bool {
		return s.Status.Phase == v1alpha1.PhaseDBMigrate && condition(s, v1alpha1.ConditionReconciling).Reason == v1alpha1.ReasonRetrying
	})
	contains(t, condition(s, v1alpha1.ConditionReady).Message, "TablesBusy", "psql (idle in transaction since")
	if f.readyPods("web") < 2 {
		t.Error("web is not available while the migration waits")
	}
}
