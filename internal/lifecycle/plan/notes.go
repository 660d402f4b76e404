// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// notes says what else the preflight has found.
func notes(s *state.Snapshot) []string {
	r := s.Preflight.Result
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if s.Adopts {
		add("the database is at revision %s (%s); this Superset has not migrated it", r.Revision, cmp.Or(s.Found, "of no official release"))
	}
	for _, other := range s.Sharing[:min(len(s.Sharing), 2)] {
		add("Superset %s has the same database", other.Name)
	}
	say(&out, noWeb(s))
	if len(r.Sessions) > 0 {
		add("other sessions on the database: %s", sessions(r.Sessions))
	}
	if r.WorkerCount > 0 {
		add("%d workers on the broker are not of this Superset: %s%s", r.WorkerCount, strings.Join(r.Workers, ", "), separately(s))
	}
	if r.Beat != "" {
		add("another scheduler sends tasks to the broker: %s", r.Beat)
	}
	say(&out, s.BackupCheck.Result.BackupNote, r.Pooler, r.VersionNote)
	say(&out, roles(s))
	if len(r.UnknownSettings) > 0 {
		add("%s does not know these names of spec.config.raw: %s", s.Run.To, strings.Join(r.UnknownSettings, ", "))
	}
	return out
}

// say adds those texts that are not empty.
func say(out *[]string, texts ...string) {
	for _, text := range texts {
		if text != "" {
			*out = append(*out, text)
		}
	}
}

// noWeb says that Verify skips its checks of web; empty when it does not.
func noWeb(s *state.Snapshot) string {
	if s.WebAccess != v1alpha1.WebUnreachable || !s.Desired.Has[state.Web] {
		return ""
	}
	why := ""
	if found := s.Preflight.Result.WebWhy; found != "" {
		why = " (" + found + ")"
	}
	return fmt.Sprintf("Jobs do not reach web%s: Verify skips its checks of web, unless it answers then; to run them, let pods with the label %s: job reach port %d",
		why, v1alpha1.LabelComponent, superset.WebPort)
}

// separately says how to keep the workers of another Superset apart, whose database cannot be read
// from the broker; empty with a prefix.
func separately(s *state.Snapshot) string {
	if s.Desired.KeyPrefix != "" {
		return ""
	}
	return "; if they use another database, they take this Superset's tasks: set spec.cache.keyPrefix"
}

// otherRenderer is the note of a run that another operator release goes on with.
const otherRenderer = "another operator release goes on with this run: tiers that are upgraded from now on have its pod template, and the others are rolled out after the run"

// NoteRenderer adds to the plan of a run under way that another operator release, which
// renders the same spec differently, goes on with it. The hash of the plan is the same.
func NoteRenderer(s *state.Snapshot, p *v1alpha1.Plan) {
	if p == nil || s.Run.ToRelease == s.Desired.Hash || !s.Wants(s.Run.ToRelease) || slices.Contains(p.Notes, otherRenderer) {
		return
	}
	p.Notes = append(p.Notes, otherRenderer)
}

// sessions lists sessions by their names.
func sessions(list []migrations.Session) string {
	var parts []string
	for _, one := range list {
		parts = append(parts, fmt.Sprintf("%s %d", cmp.Or(one.Name, "unnamed"), one.Count))
	}
	return strings.Join(parts, ", ")
}
