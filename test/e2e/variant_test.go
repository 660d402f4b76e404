// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// servicesImage has PostgreSQL's server and client.
const servicesImage = "cluster.local.test/services:1"

// take runs one variant: the upgrade and its rollback.
func (j *trip) take(t *testing.T, w variant) {
	j.prepare(t, w)
	p := startProber(t.Context(), j.webAddress(t, "bi"))
	defer p.stop()
	switch {
	case w.refused != "":
		j.refused(t, w, p)
		return
	case w.breaks != "":
		j.breaks(t, w, p)
		return
	case w.to != "":
		j.hop(t, w, p)
		return
	case w.halfway:
		j.halfway(t, w, p)
		return
	}
	before := j.state(t)
	j.upgrade(t, w, p)
	user := j.user(t)
	user.check(t, j.made)
	j.checkAlerts(t)
	later := user.write(t, "Sales, written after the upgrade to "+j.to+" by "+w.name)
	upgraded := j.state(t)

	begun := time.Now()
	p.lap()
	j.patch(t, func(s *v1alpha1.Superset) { annotate(s, v1alpha1.AnnotationRollback, "e2e-"+w.name) })
	if w.loses {
		j.acceptLoss(t)
	}
	j.waitForPhase(t, v1alpha1.PhaseRolledBack, j.from)
	back := stage{Name: fmt.Sprintf("Rollback to %s (class %s)", j.from, w.took), Service: lapOf(p)}
	if w.fellBack != "" {
		back.Name += ", after Downgrade failed"
	}
	j.checkRollback(t, w, back.Service)
	back.Data = j.compareDatabase(t, w, before, upgraded)
	j.results.add(t, j.cluster, j.log, back, begun)

	user = j.user(t)
	user.check(t, j.made)
	if there := user.has(t, later); there == w.loses {
		t.Errorf("the dashboard that was written after the upgrade exists: %t", there)
	}
}

// breaks upgrades to a target that fails during the run, or that starts and is
// broken nevertheless: the rollback is automatic.
func (j *trip) breaks(t *testing.T, w variant, p *prober) {
	before, begun := j.state(t), time.Now()
	if w.diskFull {
		defer fill(t, j.volume)()
	}
	target := func(s *v1alpha1.Superset) { s.Spec.Version, s.Spec.Image.Tag = j.to, w.tagOf(j.to) }
	if w.holds {
		task := j.hold(t)
		p.lap()
		j.patch(t, target)
		task.webServes(t, p)
		defer task.ranOnce(t)
	} else {
		p.lap()
		j.patch(t, target)
	}
	j.waitForPhase(t, v1alpha1.PhaseRolledBack, j.from)
	s := stage{Name: fmt.Sprintf("Upgrade %s to %s, fails in %s (%s), rolled back (class %s)", j.from, j.to, w.in, w.breaks, w.took), Service: lapOf(p)}
	failure := j.superset(t).Status.Upgrade.Failure
	if failure == nil || failure.Phase != w.in || failure.Reason != w.breaks && !strings.HasPrefix(failure.Message, w.breaks) {
		t.Errorf("the run failed with %+v, want %s in %s", failure, w.breaks, w.in)
	}
	j.checkRollback(t, w, s.Service)
	s.Data = j.compareDatabase(t, w, before, state{})
	j.results.add(t, j.cluster, j.log, s, begun)
	j.user(t).check(t, j.made)
}

// rehearsed checks the findings of the rehearsal on the copy, if there was one:
// the old release worked on it, and the finding about the downgrade is the
// expected one.
func (w variant) rehearsed(t *testing.T, run *v1alpha1.UpgradeStatus) *v1alpha1.RehearsalStatus {
	t.Helper()
	if w.rehearsal == "" {
		return nil
	}
	r := run.Rehearsal
	if r == nil || r.Downgrade != w.rehearsal || r.Rolling != v1alpha1.FindingProven || r.MigrateSeconds == 0 || r.LockTables == 0 {
		t.Errorf("the rehearsal found %+v, want finding %s for the downgrade", r, w.rehearsal)
	}
	if r == nil || !strings.Contains(r.DowngradeReason, w.because) {
		t.Errorf("the rehearsal found %+v, want the reason %q", r, w.because)
	}
	return r
}

// tagOf is the image's tag for a release; empty for the default.
func (w variant) tagOf(release string) string {
	if w.imageVariant == "" {
		return ""
	}
	return release + "-" + w.imageVariant
}

// wantStrategy is the strategy that is expected in the plan, and in the end.
func (w variant) wantStrategy() v1alpha1.Strategy {
	switch {
	case w.strategy != "":
		return w.strategy
	case w.to != "" && w.drained:
		return v1alpha1.StrategyDrain
	default:
		return v1alpha1.StrategyRolling
	}
}

// prepare returns to the journey's first release, like a revert in a Git
// repository, and configures the next upgrade.
func (j *trip) prepare(t *testing.T, w variant) {
	t.Helper()
	j.patch(t, func(s *v1alpha1.Superset) {
		s.Spec.Version, s.Spec.Image.Tag = j.from, ""
		if j.isSample { // which says how it is upgraded
			s.Spec.Upgrade.Rollback = w.choice
		} else {
			w.configure(&s.Spec.Upgrade)
		}
	})
	j.waitForPhase(t, v1alpha1.PhaseReady, j.from)
	if w.imageVariant != "" {
		j.forgetPages(t)
	}
}

// configure writes how the variant upgrades.
func (w variant) configure(u *v1alpha1.UpgradeSpec) {
	u.Strategy, u.Rollback, u.Backup, u.Rehearsal = w.strategy, w.choice, nil, v1alpha1.RehearsalNever
	u.AllowVersionSkip, u.Verify.Soak = true, nil
	if w.soak > 0 {
		u.Verify.Soak = &metav1.Duration{Duration: w.soak}
	}
	if w.rehearsal != "" {
		u.Rehearsal, u.RehearsalJob.Image = v1alpha1.RehearsalAlways, servicesImage
	}
	if w.backup {
		class := "e2e"
		u.Backup = &v1alpha1.BackupSpec{
			Image: servicesImage, Claim: v1alpha1.BackupClaim{StorageClassName: &class},
		}
	}
}

// forgetPages deletes the cached page data of a working image of the same
// version: for a minute it would hide the faults of a broken image.
func (c cluster) forgetPages(t *testing.T) {
	t.Helper()
	c.kubectl(t, "", "--namespace="+c.namespace, "exec", "deployment/redis", "--", "sh", "-c",
		"redis-cli --scan --pattern 'superset_metadata_*' | xargs --no-run-if-empty redis-cli del")
}

// upgrade upgrades the Superset to the second release, with the strategy that is
// expected in the plan.
func (j *trip) upgrade(t *testing.T, w variant, p *prober) {
	t.Helper()
	begun := time.Now()
	p.lap()
	j.patch(t, func(s *v1alpha1.Superset) { s.Spec.Version = j.to })
	j.waitForPhase(t, v1alpha1.PhaseReady, j.to)
	superset, want := j.superset(t), w.wantStrategy()
	run := superset.Status.Upgrade
	if run.Plan == nil || run.Strategy != want {
		t.Errorf("strategy %s, want %s; plan: %+v; fell back: %s", run.Strategy, want, run.Plan, run.FellBack)
	}
	available := meta.FindStatusCondition(superset.Status.Conditions, v1alpha1.ConditionRollbackAvailable)
	if wantClass := w.wantClass(); available == nil || available.Reason != wantClass {
		t.Errorf("RollbackAvailable is %+v, want reason %s", available, wantClass)
	}
	s := stage{Name: fmt.Sprintf("Upgrade %s to %s, %s", j.from, j.to, want), Service: lapOf(p), Figures: j.figures(t, j.to, begun)}
	if run.Locks != nil {
		s.Locks = superset.Status.History[0].Locks
	}
	s.Rehearsal = w.rehearsed(t, run)
	served(t, s.Service, want == v1alpha1.StrategyDrain, false)
	j.results.add(t, j.cluster, j.log, s, begun)
}

// wantClass is the rollback class that must be reported after the upgrade.
func (w variant) wantClass() string {
	if w.choice == v1alpha1.RollbackAuto {
		return string(w.took)
	}
	return string(w.choice)
}

// served fails for each failed request, and for the maintenance page where it is
// not permitted, or missing. With a broken target the login page may fail.
func served(t *testing.T, s *service, drained, broken bool) {
	t.Helper()
	if s.Failed > 0 && (!broken || s.Failed > s.Pages) {
		t.Errorf("%d requests failed, first: %s", s.Failed, s.First)
	}
	if !drained && s.Kept == 0 {
		t.Error("no request was sent over a kept connection")
	}
	if drained != (s.Paged > 0) {
		t.Errorf("%d requests got the maintenance page", s.Paged)
	}
}

// offer matches the token that accepts the data loss of a rollback.
var offer = regexp.MustCompile(regexp.QuoteMeta(v1alpha1.AnnotationAcceptDataLoss) + `=(\S+)`)

// acceptLoss waits until the rollback reports what it loses, and accepts that.
func (j *trip) acceptLoss(t *testing.T) {
	t.Helper()
	token := ""
	until(t, 5*time.Minute, "the rollback to wait for the acceptance", func(context.Context) (bool, string) {
		s := j.superset(t)
		message := readyMessage(s) // after a failed rollback only the acceptance is requested
		if waits := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionAwaitingApproval); waits != nil {
			message = waits.Message
		} else if s.Status.Phase != v1alpha1.PhaseFailed {
			return false, message
		}
		found := offer.FindStringSubmatch(message)
		if found == nil || !strings.Contains(message, "loses everything written since") {
			t.Fatalf("the rollback waits without a report of what it loses: %s", message)
		}
		token = found[1]
		return true, ""
	})
	j.patch(t, func(s *v1alpha1.Superset) { annotate(s, v1alpha1.AnnotationAcceptDataLoss, token) })
}

// checkRollback checks the rollback in status and history, and what users
// observed.
func (j *trip) checkRollback(t *testing.T, w variant, s *service) {
	t.Helper()
	superset := j.superset(t)
	run, line := superset.Status.Upgrade, superset.Status.History[0]
	if run.Rollback == nil || run.Rollback.Class != w.took || line.Rollback != w.took {
		t.Errorf("rollback %+v and history %+v, want class %s", run.Rollback, line, w.took)
	}
	if message := readyMessage(superset); !strings.Contains(message, w.fellBack) {
		t.Errorf("the condition's message is %q, want %q in it", message, w.fellBack)
	}
	if !w.suffers {
		served(t, s, w.drained, w.in == v1alpha1.PhaseVerify)
	}
}

// compareDatabase compares the database with its state before the upgrade and,
// where the class keeps the schema, with its state after it.
func (j *trip) compareDatabase(t *testing.T, w variant, before, upgraded state) *comparison {
	t.Helper()
	now := j.state(t)
	if w.leftovers == nil { // the schema is kept, and so is its revision
		before.rows = maps.Clone(before.rows)
		before.rows["alembic_version"] = upgraded.rows["alembic_version"]
		before.schema = upgraded.schema
		if data := upgraded.compare(t, now, false); data.Rewritten > 0 {
			t.Errorf("permissions of the newer release were removed: %s", data)
		}
	}
	data := before.compare(t, now, w.loses)
	data.Ahead = w.leftovers == nil
	data.onlyKnown(t, w.leftovers)
	t.Logf("compared: %s", data)
	return &data
}
