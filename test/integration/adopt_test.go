// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/test/cluster/world"
)

var neverOpen = v1alpha1.MaintenanceWindow{Schedule: "0 0 30 2 *", Duration: metav1.Duration{Duration: limit}}

// between5 is a revision between the heads of 4.1 and 5.0.
const between5 = "d482d51c15ca"

// another creates a second Superset in the namespace, with the same Secret.
func (f *fixture) another(name, version string, edits ...func(*v1alpha1.Superset)) *fixture {
	f.t.Helper()
	g := *f
	g.key.Name = name
	g.create(version, append(edits, func(s *v1alpha1.Superset) { s.Name = name })...)
	return &g
}

// A second Superset on the database of another one is an upgrade from what is there: its plan
// names who uses the database, and waits for an approval. Nothing is migrated before.
func TestDatabaseOfAnotherSuperset(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	simulated.SetCompany(f.ns, "bi", world.Company{Sessions: []world.Session{{Name: "superset", Count: 4}}, Workers: []string{"celery@old-worker-0"}, WorkerCount: 1})
	second := f.another("bi2", "6.0.0", approval(v1alpha1.ApprovalAlways), strategy(v1alpha1.StrategyDrain), windows(neverOpen), backedUp)
	s := second.waitAtGate(v1alpha1.ConditionAwaitingApproval)
	contains(t, condition(s, v1alpha1.ConditionAwaitingApproval).Message, "the database is at revision "+head5+" (5.0.0)", "Superset "+f.ns+"/bi has the same database",
		"superset 4", "celery@old-worker-0", "both would send every report", "Restore")
	if u := s.Status.Upgrade; u.Kind != v1alpha1.KindUpgrade || u.From != "5.0.0" || u.Plan.Strategy != v1alpha1.StrategyDrain || !u.Plan.Backup {
		t.Errorf("run: %+v", u)
	}
	second.edit(approve(s.Status.Upgrade.PlanHash))
	second.waitAtGate(v1alpha1.ConditionOutsideWindow)
	if n := simulated.Migrations(f.ns, "bi"); n.Started != 1 {
		t.Errorf("%d migrations began, want only that of the install", n.Started)
	}
	second.edit(windows())
	second.ready("6.0.0")
	second.jobsOf("backup", 1)
}

// With nothing to migrate and nothing of ours that runs, only an approval that spec asks for
// holds the first run: it must not wait for a window.
func TestAdoptedWithoutMigration(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	simulated.SetRevision(f.ns, "bi", head5)
	f.create("5.0.0", approval(v1alpha1.ApprovalAlways), windows(neverOpen))
	s := f.waitAtGate(v1alpha1.ConditionAwaitingApproval)
	f.edit(approve(s.Status.Upgrade.PlanHash))
	f.ready("5.0.0")
}

// A database of somebody else is not migrated without a backup, unless its owner accepts that.
func TestAdoptedWithoutBackup(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	simulated.SetRevision(f.ns, "bi", head5)
	f.create("6.0.0")
	s := f.waitAtGate(v1alpha1.ConditionAwaitingApproval)
	contains(t, condition(s, v1alpha1.ConditionAwaitingApproval).Message, "cannot be rolled back", "set spec.upgrade.backup")
	f.edit(annotation(v1alpha1.AnnotationAcceptDataLoss, s.Status.Upgrade.PlanHash))
	f.ready("6.0.0")
}

// A revision that no official release has needs a person.
func TestAdoptedUnknownRevision(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	simulated.SetRevision(f.ns, "bi", between5)
	f.create("5.0.0", backedUp)
	s := f.waitAtGate(v1alpha1.ConditionAwaitingApproval)
	contains(t, condition(s, v1alpha1.ConditionAwaitingApproval).Message, "revision "+between5+" of the database belongs to no official release")
}

// Tables without a revision are no empty database.
func TestTablesWithoutRevision(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	simulated.SetCompany(f.ns, "bi", world.Company{Tables: true, TablesIn: "bi"})
	f.create("5.0.0")
	s := f.until("Failed", func(s *v1alpha1.Superset) bool { return s.Status.Phase == v1alpha1.PhaseFailed })
	f.failedWith(s, failure{phase: v1alpha1.PhaseValidate, reason: v1alpha1.ReasonDatabaseNotEmpty, message: "tables of Superset in the schema bi"})
	f.jobsOf("migrate", 0)
	simulated.SetCompany(f.ns, "bi", world.Company{})
	f.edit(annotation(v1alpha1.AnnotationRetry, "1"))
	f.ready("5.0.0")
}

// A first install that failed after its migration stays one: its retry asks for nothing.
func TestFirstInstallIsRetried(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create("5.0.0", tag("5.0.0-verify-fails"), approval(v1alpha1.ApprovalAlways), windows(neverOpen))
	f.until("Failed", func(s *v1alpha1.Superset) bool { return s.Status.Phase == v1alpha1.PhaseFailed })
	f.edit(tag(""))
	f.ready("5.0.0")
}

// A URI that leads to another database now is asked for, not migrated.
func TestRepointedDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	simulated.Replace(f.ns, "bi", "postgresql/another/1/superset", head5)
	f.edit(version("6.0.0"))
	s := f.waitAtGate(v1alpha1.ConditionAwaitingApproval)
	contains(t, condition(s, v1alpha1.ConditionAwaitingApproval).Message, "spec.database leads to another database than before", "postgresql/another/1/superset")
	if n := simulated.Migrations(f.ns, "bi"); n.Started != 1 {
		t.Errorf("%d migrations began, want only that of the install", n.Started)
	}
	f.edit(approve(s.Status.Upgrade.PlanHash))
	if s := f.ready("6.0.0"); s.Status.Schema.Identity != "postgresql/another/1/superset" {
		t.Errorf("identity %q", s.Status.Schema.Identity)
	}
}
