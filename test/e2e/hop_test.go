// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// hop upgrades without a rollback, while a logged-in user works: the next variant
// begins at the new release.
func (j *trip) hop(t *testing.T, w variant, p *prober) {
	t.Helper()
	who, sender := j.startWorking(t), j.startTicking(t)
	begun := time.Now()
	p.lap()
	j.patch(t, func(s *v1alpha1.Superset) {
		s.Spec.Version, s.Spec.Image.Tag = w.to, w.tagOf(w.to)
		if w.config != nil {
			s.Spec.Config.Raw = strings.Replace(s.Spec.Config.Raw, strings.Join(j.config, "\n"), strings.Join(w.config, "\n"), 1)
		}
	})
	j.strike(t, begun, w.faults)
	j.waitForPhase(t, v1alpha1.PhaseReady, w.to)
	run, served := j.superset(t).Status.Upgrade, lapOf(p)
	if run.Plan == nil || run.Strategy != w.wantStrategy() && run.PendingMigrations > 0 || (run.FellBack != "") != w.drained {
		t.Errorf("strategy %s, want %s; plan: %+v; fell back: %s", run.Strategy, w.wantStrategy(), run.Plan, run.FellBack)
	}
	work := who.stop()
	work.Tasks = sender.stop(t)
	s := stage{
		Name:    fmt.Sprintf("Upgrade %s to %s, %d revisions, %s", j.from, w.to, run.PendingMigrations, w.wantStrategy()),
		Service: served, Work: &work, Figures: j.figures(t, w.to, begun),
	}
	if w.drained {
		s.Name += " after Rolling held the tables for too long"
	}
	for _, f := range w.faults {
		s.Faults = append(s.Faults, fmt.Sprintf("in %s: %s", f.in, f.what))
	}
	if run.Locks != nil {
		s.Locks = j.superset(t).Status.History[0].Locks
	}
	s.Rehearsal = w.rehearsed(t, run)
	j.results.add(t, j.cluster, j.log, s, begun)
	j.checkHop(t, w, s)
	j.from = w.to
	if w.config != nil {
		j.config = w.config
	}
}

// checkHop checks what users observed during the upgrade, and that everything is
// stored that was acknowledged.
func (j *trip) checkHop(t *testing.T, w variant, s stage) {
	t.Helper()
	if !w.suffers {
		served(t, s.Service, w.drained, false)
		if s.Work.Failed > 0 && !w.drained {
			t.Errorf("%d requests of a logged-in user failed, first: %s", s.Work.Failed, s.Work.First)
		}
		if s.Work.Tasks.Lost > 0 {
			t.Errorf("%d of %d tasks were never executed", s.Work.Tasks.Lost, s.Work.Tasks.Sent)
		}
		if !w.drained && (s.Service.By[j.from] == 0 || s.Service.By[w.to] == 0) {
			t.Errorf("answers by release are %v, want some of %s and of %s", s.Service.By, j.from, w.to)
		}
	}
	if s.Work.Tasks.Twice > 0 {
		t.Errorf("%d of %d tasks were executed more than once", s.Work.Tasks.Twice, s.Work.Tasks.Sent)
	}
	if stored := j.count(t, "SELECT count(*) FROM dashboards WHERE dashboard_title LIKE '"+draftTitle+"%'"); stored < j.drafts+s.Work.Writes {
		t.Errorf("%d drafts are stored, want the %d earlier ones and the %d that were acknowledged since", stored, j.drafts, s.Work.Writes)
	} else {
		j.drafts = stored
	}
	user := j.user(t)
	user.check(t, j.made)
	user.queryByWorker(t, j.made)
	j.checkAlerts(t)
}

// checkAlerts checks the alert that beat sends each minute: a worker evaluated
// it, and never twice for the same minute.
func (j *trip) checkAlerts(t *testing.T) {
	t.Helper()
	if !j.alert {
		return
	}
	before := j.alerts
	until(t, 5*time.Minute, "the alert to be evaluated", func(context.Context) (bool, string) {
		j.alerts = j.count(t, "SELECT count(DISTINCT uuid) FROM report_execution_log")
		return j.alerts > before, fmt.Sprintf("%d times, as before", j.alerts)
	})
	twice := "SELECT count(*) FROM (SELECT scheduled_dttm FROM report_execution_log GROUP BY scheduled_dttm HAVING count(DISTINCT uuid) > 1) minutes"
	if n := j.count(t, twice); n > 0 {
		t.Errorf("in %d minutes the alert was evaluated more than once", n)
	}
}

// refused requests a target with a fault that Validate detects: nothing that runs
// is touched.
func (j *trip) refused(t *testing.T, w variant, p *prober) {
	t.Helper()
	begun, before, pods := time.Now(), j.state(t), j.podNames(t)
	p.lap()
	j.patch(t, func(s *v1alpha1.Superset) { s.Spec.Version, s.Spec.Image.Tag = j.to, w.tagOf(j.to) })
	j.waitForFailure(t)
	failure := j.superset(t).Status.Upgrade.Failure
	if failure == nil || failure.Phase != v1alpha1.PhaseValidate || failure.Reason != w.refused || !strings.Contains(failure.Message, w.says) {
		t.Errorf("failure %+v, want %s in Validate, and %q in the message", failure, w.refused, w.says)
	}
	s := stage{Name: fmt.Sprintf("Upgrade %s to a broken %s, rejected in Validate (%s)", j.from, j.to, w.refused), Service: lapOf(p)}
	served(t, s.Service, false, false)
	data := before.compare(t, j.state(t), true)
	s.Data = &data
	if after := j.podNames(t); after != pods {
		t.Errorf("pods before: %s; after: %s", pods, after)
	}
	j.results.add(t, j.cluster, j.log, s, begun)
}
