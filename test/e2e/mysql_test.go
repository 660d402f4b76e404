// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// incidental is where a column counts on.
var incidental = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// dump is all of a database on MySQL as text, a row a line, without what differs from
// dump to dump.
func (c cluster) dump(t *testing.T) []string {
	t.Helper()
	printed := c.kubectl(t, "", "--namespace=servers", "exec", "deployment/mysql", "--", "mysqldump", "--no-defaults", "--socket=/data/socket", "--user=root",
		"--hex-blob", "--order-by-primary", "--skip-extended-insert", "--skip-dump-date", c.database())
	lines := strings.Split(incidental.ReplaceAllString(printed, ""), "\n")
	if len(lines) < 1000 {
		t.Fatalf("the dump of %s has %d lines: that is no Superset's", c.database(), len(lines))
	}
	return lines
}

const rowLine = "INSERT INTO "

// compareDumps fails for each line that a dump has and a later one has not, and for
// each that is new.
func compareDumps(t *testing.T, before, after []string) *comparison {
	t.Helper()
	c, seen := &comparison{}, map[string]int{}
	for _, line := range after {
		seen[line]++
	}
	for _, line := range before {
		switch {
		case strings.HasPrefix(line, rowLine):
			c.Rows++
		case strings.HasPrefix(line, "CREATE TABLE "):
			c.Tables++
		}
		if seen[line]--; seen[line] < 0 {
			c.note(t, "lost", line)
		}
	}
	for line, count := range seen {
		for range count {
			c.note(t, "new", line)
		}
	}
	return c
}

func (c *comparison) note(t *testing.T, what, line string) {
	t.Helper()
	t.Errorf("%s: %.300s", what, line)
	switch {
	case !strings.HasPrefix(line, rowLine):
		c.Schema = append(c.Schema, what+": "+line)
	case what == "lost":
		c.Lost++
	default:
		c.Gained++
	}
}

// halfway upgrades where no transaction is around a migration, and asks for the way back:
// the downgrade fails and leaves the schema between two revisions. Nothing runs on that,
// and the backup is all that leads on.
func (j *trip) halfway(t *testing.T, w way, p *prober) {
	t.Helper()
	before, begun := j.dump(t), time.Now()
	p.lap()
	j.patch(t, func(s *v1alpha1.Superset) { s.Spec.Version = j.to })
	j.reaches(t, v1alpha1.PhaseReady, j.to)
	run := j.superset(t).Status.Upgrade
	if run.Plan == nil || run.Strategy != v1alpha1.StrategyDrain {
		t.Errorf("strategy %s, want Drain; plan: %+v", run.Strategy, run.Plan)
	}
	there := stage{Name: fmt.Sprintf("Upgrade %s to %s on MySQL, Drain", j.from, j.to), Service: lapOf(p), Figures: j.figures(t, j.to, begun)}
	served(t, there.Service, true, false)
	j.results.add(t, j.cluster, j.log, there, begun)
	user := j.user(t)
	user.check(t, j.made)
	later := user.write(t, "Sales, written after the way to "+j.to+" by "+w.name)
	j.twoOfOneTable(t)

	upgraded, begun := j.dump(t), time.Now()
	p.lap()
	j.patch(t, func(s *v1alpha1.Superset) { annotate(s, v1alpha1.AnnotationRollback, "e2e-"+w.name) })
	j.fails(t)
	j.isHalfway(t, upgraded)
	j.acceptLoss(t)
	until(t, time.Minute, "the way back to begin anew", func(context.Context) (bool, string) {
		phase := j.superset(t).Status.Phase
		return phase != v1alpha1.PhaseFailed, string(phase)
	})
	j.reaches(t, v1alpha1.PhaseRolledBack, j.from)
	back := stage{Name: fmt.Sprintf("Rollback to %s by class %s, after Downgrade left half of itself", j.from, w.took), Service: lapOf(p)}
	j.tookBack(t, w, back.Service)
	back.Data = compareDumps(t, before, j.dump(t))
	j.results.add(t, j.cluster, j.log, back, begun)
	user = j.user(t)
	user.check(t, j.made)
	if user.has(t, later) {
		t.Error("the dashboard that was written after the upgrade is there, although the backup is older")
	}
}

// twoOfOneTable makes a second dataset of a table, which 5.0 allows and the schema before
// forbids: a downgrade fails there, after it has changed others.
func (c cluster) twoOfOneTable(t *testing.T) {
	t.Helper()
	c.kubectl(t, "INSERT INTO tables (id, uuid, table_name, `schema`, database_id) SELECT 4711, UNHEX(REPLACE(UUID(), '-', '')), table_name, `schema`, database_id FROM tables",
		"--namespace=servers", "exec", "--stdin", "deployment/mysql", "--", "mysql", "--no-defaults", "--socket=/data/socket", "--user=root", c.database())
}

// isHalfway looks at a downgrade that has failed: it has changed something, and status
// says so.
func (j *trip) isHalfway(t *testing.T, upgraded []string) {
	t.Helper()
	s := j.superset(t)
	failure, schema := s.Status.Upgrade.Failure, s.Status.Schema
	if failure == nil || failure.Reason != "DowngradeFailed" || schema == nil || !schema.HalfMigrated {
		t.Errorf("the way back failed by %+v and the schema is %+v, want DowngradeFailed, half-way", failure, schema)
	} else {
		t.Logf("the way back failed: %s", failure.Message)
	}
	if slices.Equal(upgraded, j.dump(t)) {
		t.Error("the downgrade failed and changed nothing: there is nothing to bring back")
	}
}
