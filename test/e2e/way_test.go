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

// take goes one way there and back.
func (j *trip) take(t *testing.T, w way) {
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
	j.beatIsAlone(t)
	later := user.write(t, "Sales, written after the way to "+j.to+" by "+w.name)
	upgraded := j.state(t)

	begun := time.Now()
	p.lap()
	j.patch(t, func(s *v1alpha1.Superset) { annotate(s, v1alpha1.AnnotationRollback, "e2e-"+w.name) })
	if w.loses {
		j.acceptLoss(t)
	}
	j.reaches(t, v1alpha1.PhaseRolledBack, j.from)
	back := stage{Name: fmt.Sprintf("Rollback to %s by class %s", j.from, w.took), Service: lapOf(p)}
	if w.fellBack != "" {
		back.Name += ", after Downgrade failed"
	}
	j.tookBack(t, w, back.Service)
	back.Data = j.same(t, w, before, upgraded)
	j.results.add(t, j.cluster, j.log, back, begun)

	user = j.user(t)
	user.check(t, j.made)
	if there := user.has(t, later); there == w.loses {
		t.Errorf("the dashboard that was written after the upgrade is there: %t", there)
	}
}

// breaks upgrades to a target that fails on the way, or that serves and is broken all
// the same: the way back is taken without anybody's word.
func (j *trip) breaks(t *testing.T, w way, p *prober) {
	before, begun := j.state(t), time.Now()
	if w.diskFull {
		defer fill(t, j.volume)()
	}
	p.lap()
	j.patch(t, func(s *v1alpha1.Superset) { s.Spec.Version, s.Spec.Image.Tag = j.to, w.tagOf(j.to) })
	j.reaches(t, v1alpha1.PhaseRolledBack, j.from)
	s := stage{Name: fmt.Sprintf("Upgrade %s to %s, which fails by %s in %s, and back by class %s", j.from, j.to, w.breaks, w.in, w.took), Service: lapOf(p)}
	failure := j.superset(t).Status.Upgrade.Failure
	if failure == nil || failure.Phase != w.in || failure.Reason != w.breaks && !strings.HasPrefix(failure.Message, w.breaks) {
		t.Errorf("the run failed by %+v, want %s in %s", failure, w.breaks, w.in)
	}
	j.tookBack(t, w, s.Service)
	s.Data = j.same(t, w, before, state{})
	j.results.add(t, j.cluster, j.log, s, begun)
	j.user(t).check(t, j.made)
}

// rehearsed looks at what the rehearsal found on the copy, if there was one: the old
// release served on it, and the way back was as it is known to be.
func (w way) rehearsed(t *testing.T, run *v1alpha1.UpgradeStatus) *v1alpha1.RehearsalStatus {
	t.Helper()
	if w.rehearsal == "" {
		return nil
	}
	r := run.Rehearsal
	if r == nil || r.Downgrade != w.rehearsal || r.Rolling != v1alpha1.FindingProven || r.MigrateSeconds == 0 || r.LockTables == 0 {
		t.Errorf("the rehearsal found %+v, want a downgrade that is %s", r, w.rehearsal)
	}
	if w.rehearsal == v1alpha1.FindingRefused && (r == nil || !strings.Contains(r.DowngradeReason, "_customer_location_uc")) {
		t.Errorf("the rehearsal does not say why: %+v", r)
	}
	return r
}

// tagOf is the image's tag for a release; empty for the default.
func (w way) tagOf(release string) string {
	if w.variant == "" {
		return ""
	}
	return release + "-" + w.variant
}

// goes is the strategy that is expected of the plan, and in the end.
func (w way) goes() v1alpha1.Strategy {
	switch {
	case w.strategy != "":
		return w.strategy
	case w.to != "" && w.drained:
		return v1alpha1.StrategyDrain
	default:
		return v1alpha1.StrategyRolling
	}
}

// prepare leads to the journey's first release, as a revert in a Git repository
// would, and says how the next upgrade is to go.
func (j *trip) prepare(t *testing.T, w way) {
	t.Helper()
	j.patch(t, func(s *v1alpha1.Superset) {
		s.Spec.Version, s.Spec.Image.Tag = j.from, ""
		u := &s.Spec.Upgrade
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
	})
	j.reaches(t, v1alpha1.PhaseReady, j.from)
	if w.variant != "" {
		j.forgetPages(t)
	}
}

// forgetPages empties the cache of what a sound image of the same version has worked out
// for its pages: for a minute that would hide what a broken one cannot.
func (c cluster) forgetPages(t *testing.T) {
	t.Helper()
	c.kubectl(t, "", "--namespace="+c.namespace, "exec", "deployment/redis", "--", "sh", "-c",
		"redis-cli --scan --pattern 'superset_metadata_*' | xargs --no-run-if-empty redis-cli del")
}

// upgrade takes the Superset to the second release, by the strategy that is
// expected of the plan.
func (j *trip) upgrade(t *testing.T, w way, p *prober) {
	t.Helper()
	begun := time.Now()
	p.lap()
	j.patch(t, func(s *v1alpha1.Superset) { s.Spec.Version = j.to })
	j.reaches(t, v1alpha1.PhaseReady, j.to)
	superset, want := j.superset(t), w.goes()
	run := superset.Status.Upgrade
	if run.Plan == nil || run.Strategy != want {
		t.Errorf("strategy %s, want %s; plan: %+v; fell back: %s", run.Strategy, want, run.Plan, run.FellBack)
	}
	way := meta.FindStatusCondition(superset.Status.Conditions, v1alpha1.ConditionRollbackAvailable)
	if promised := w.promised(); way == nil || way.Reason != promised {
		t.Errorf("RollbackAvailable is %+v, want reason %s", way, promised)
	}
	s := stage{Name: fmt.Sprintf("Upgrade %s to %s, %s", j.from, j.to, want), Service: lapOf(p), Figures: j.figures(t, j.to, begun)}
	if run.Locks != nil {
		s.Locks = superset.Status.History[0].Locks
	}
	s.Rehearsal = w.rehearsed(t, run)
	served(t, s.Service, want == v1alpha1.StrategyDrain, false)
	j.results.add(t, j.cluster, j.log, s, begun)
}

// promised is the class that is said to lead back once the upgrade is through.
func (w way) promised() string {
	if w.choice == v1alpha1.RollbackAuto {
		return string(w.took)
	}
	return string(w.choice)
}

// served fails for each request that nobody answered, and for the maintenance page
// where it has no place, or is missing. Of a broken target the login page may fail.
func served(t *testing.T, s *service, drained, broken bool) {
	t.Helper()
	if s.Failed > 0 && (!broken || s.Failed > s.Pages) {
		t.Errorf("%d requests failed, first: %s", s.Failed, s.First)
	}
	if drained != (s.Paged > 0) {
		t.Errorf("%d requests met the maintenance page", s.Paged)
	}
}

// offer has the token that accepts what a way back loses.
var offer = regexp.MustCompile(regexp.QuoteMeta(v1alpha1.AnnotationAcceptDataLoss) + `=(\S+)`)

// acceptLoss waits until the way back says what it loses, and accepts that.
func (j *trip) acceptLoss(t *testing.T) {
	t.Helper()
	token := ""
	until(t, 5*time.Minute, "the way back to wait for a word", func(context.Context) (bool, string) {
		s := j.superset(t)
		message := readyMessage(s) // where a way back has failed, the word alone is asked for
		if waits := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionAwaitingApproval); waits != nil {
			message = waits.Message
		} else if s.Status.Phase != v1alpha1.PhaseFailed {
			return false, message
		}
		found := offer.FindStringSubmatch(message)
		if found == nil || !strings.Contains(message, "loses what was written since") {
			t.Fatalf("the way back waits, and does not say what it loses: %s", message)
		}
		token = found[1]
		return true, ""
	})
	j.patch(t, func(s *v1alpha1.Superset) { annotate(s, v1alpha1.AnnotationAcceptDataLoss, token) })
}

// tookBack looks at what status and history tell of the way back, and at what users
// had of it.
func (j *trip) tookBack(t *testing.T, w way, s *service) {
	t.Helper()
	superset := j.superset(t)
	run, line := superset.Status.Upgrade, superset.Status.History[0]
	if run.Rollback == nil || run.Rollback.Class != w.took || line.Rollback != w.took {
		t.Errorf("the way back was %+v and history says %+v, want class %s", run.Rollback, line, w.took)
	}
	if message := readyMessage(superset); !strings.Contains(message, w.fellBack) {
		t.Errorf("the condition says %q, want %q in it", message, w.fellBack)
	}
	if !w.suffers {
		served(t, s, w.drained, w.in == v1alpha1.PhaseVerify)
	}
}

// same compares the database with what it was before the upgrade and, where the
// class leaves the schema, with what it was after it.
func (j *trip) same(t *testing.T, w way, before, upgraded state) *comparison {
	t.Helper()
	now := j.state(t)
	if w.leftovers == nil { // the schema stays, and so does its revision
		before.rows = maps.Clone(before.rows)
		before.rows["alembic_version"] = upgraded.rows["alembic_version"]
		before.schema = upgraded.schema
		if data := upgraded.compare(t, now, false); data.Rewritten > 0 {
			t.Errorf("permissions of the newer release are gone: %s", data)
		}
	}
	data := before.compare(t, now, w.loses)
	data.Ahead = w.leftovers == nil
	data.onlyKnown(t, w.leftovers)
	t.Logf("compared: %s", data)
	return &data
}
