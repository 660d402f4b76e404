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

// incidental matches the counters of columns.
var incidental = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// dump is the content of a database on MySQL as text, one row per line, without
// the parts that differ from dump to dump.
func (c cluster) dump(t *testing.T) []string {
	t.Helper()
	printed := c.kubectl(t, "", "--namespace=servers", "exec", "deployment/mysql", "--", "mysqldump", "--no-defaults", "--socket=/data/socket", "--user=root",
		"--hex-blob", "--order-by-primary", "--skip-extended-insert", "--skip-dump-date", c.database())
	lines := strings.Split(incidental.ReplaceAllString(printed, ""), "\n")
	if len(lines) < 1000 {
		t.Fatalf("the dump of %s has %d lines: this is not a database of Superset", c.database(), len(lines))
	}
	return lines
}

const rowLine = "INSERT INTO "

// compareDumps fails for each line that is missing in a later dump, and for each
// new one.
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

// halfway upgrades on MySQL, which has no transactional DDL, and requests a
// rollback: the downgrade fails and leaves the schema partially migrated. Nothing
// may run on that, and the only rollback left is the restore of the backup.
func (j *trip) halfway(t *testing.T, w variant, p *prober) {
	t.Helper()
	before, begun := j.dump(t), time.Now()
	p.lap()
	j.patch(t, func(s *v1alpha1.Superset) { s.Spec.Version = j.to })
	j.waitForPhase(t, v1alpha1.PhaseReady, j.to)
	run := j.superset(t).Status.Upgrade
	if run.Plan == nil || run.Strategy != v1alpha1.StrategyDrain {
		t.Errorf("strategy %s, want Drain; plan: %+v", run.Strategy, run.Plan)
	}
	there := stage{Name: fmt.Sprintf("Upgrade %s to %s on MySQL, Drain", j.from, j.to), Service: lapOf(p), Figures: j.figures(t, j.to, begun)}
	served(t, there.Service, true, false)
	j.results.add(t, j.cluster, j.log, there, begun)
	user := j.user(t)
	user.check(t, j.made)
	later := user.write(t, "Sales, written after the upgrade to "+j.to+" by "+w.name)
	j.addSecondDataset(t)

	upgraded, begun := j.dump(t), time.Now()
	p.lap()
	j.patch(t, func(s *v1alpha1.Superset) { annotate(s, v1alpha1.AnnotationRollback, "e2e-"+w.name) })
	j.waitForFailure(t)
	j.isHalfway(t, upgraded)
	j.acceptLoss(t)
	until(t, time.Minute, "a second attempt of the rollback", func(context.Context) (bool, string) {
		phase := j.superset(t).Status.Phase
		return phase != v1alpha1.PhaseFailed, string(phase)
	})
	j.waitForPhase(t, v1alpha1.PhaseRolledBack, j.from)
	back := stage{Name: fmt.Sprintf("Rollback to %s (class %s), after Downgrade left a partially migrated schema", j.from, w.took), Service: lapOf(p)}
	j.checkRollback(t, w, back.Service)
	back.Data = compareDumps(t, before, j.dump(t))
	j.results.add(t, j.cluster, j.log, back, begun)
	user = j.user(t)
	user.check(t, j.made)
	if user.has(t, later) {
		t.Error("the dashboard that was written after the upgrade still exists, although the backup is older")
	}
}

// addSecondDataset creates a second dataset for a table, which 5.0 permits and
// the earlier schema does not: the downgrade fails there, after it has changed
// other tables.
func (c cluster) addSecondDataset(t *testing.T) {
	t.Helper()
	c.kubectl(t, "INSERT INTO tables (id, uuid, table_name, `schema`, database_id) SELECT 4711, UNHEX(REPLACE(UUID(), '-', '')), table_name, `schema`, database_id FROM tables",
		"--namespace=servers", "exec", "--stdin", "deployment/mysql", "--", "mysql", "--no-defaults", "--socket=/data/socket", "--user=root", c.database())
}

// isHalfway checks a failed downgrade: it has changed the schema, and status
// reports it.
func (j *trip) isHalfway(t *testing.T, upgraded []string) {
	t.Helper()
	s := j.superset(t)
	failure, schema := s.Status.Upgrade.Failure, s.Status.Schema
	if failure == nil || failure.Reason != "DowngradeFailed" || schema == nil || !schema.HalfMigrated {
		t.Errorf("the rollback failed with %+v and the schema is %+v, want DowngradeFailed and partially migrated", failure, schema)
	} else {
		t.Logf("the rollback failed: %s", failure.Message)
	}
	if slices.Equal(upgraded, j.dump(t)) {
		t.Error("the downgrade failed without changing anything: there is nothing to restore")
	}
}
