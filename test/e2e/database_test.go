// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/test/metastore"
)

// database is the name of the namespace's database.
func (c cluster) database() string {
	if c.sample == productionSample {
		return "superset" // as in the sample: the server belongs to the journey
	}
	return strings.ReplaceAll(c.namespace, "-", "_")
}

// servers is the namespace of the PostgreSQL.
func (c cluster) servers() string {
	if c.sample == productionSample {
		return c.namespace
	}
	return "servers"
}

// onServer runs a program on the database server, as its superuser.
func (c cluster) onServer(t *testing.T, stdin, program string, args ...string) string {
	t.Helper()
	command := []string{"--namespace=" + c.servers(), "exec", "--stdin", "deployment/postgres", "--", program, "--username=postgres"}
	return c.kubectl(t, stdin, append(command, args...)...)
}

// state is everything in a metadata database that can be compared.
type state struct {
	schema metastore.Schema
	rows   metastore.Rows
}

// state reads the current state of the database.
func (c cluster) state(t *testing.T) state {
	t.Helper()
	dump := c.onServer(t, "", "pg_dump", "--schema-only", "--no-owner", "--no-privileges", c.database())
	printed := c.onServer(t, metastore.Query, "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only",
		"--field-separator=\t", "--set=ON_ERROR_STOP=1", "--file=-", c.database())
	rows, err := metastore.ParseRows(printed)
	if err != nil {
		t.Fatalf("reading the tables: %v", err)
	}
	s := state{metastore.ParseSchema(dump), rows}
	if len(s.schema) < 100 || rows.Count() < 100 {
		t.Fatalf("the database has %d objects and %d rows: this is not a database of Superset", len(s.schema), rows.Count())
	}
	return s
}

// count runs a query that returns one number on the metadata database.
func (c cluster) count(t *testing.T, query string) int {
	t.Helper()
	printed := c.onServer(t, query, "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--file=-", c.database())
	n, err := strconv.Atoi(strings.TrimSpace(printed))
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// bookkeeping lists columns for logins, for the progress of alerts, or without a
// meaning.
var bookkeeping = map[string][]string{
	"ab_user":                 {"last_login", "login_count", "fail_login_count"},
	"ab_permission_view_role": {"id"},
	"report_schedule":         {"last_state", "last_eval_dttm", "last_value", "last_value_row_json", "changed_on", "changed_by_fk"},
}

// rewritten lists the tables of permissions and of the built-in roles: migrations
// and superset init of each release replace their rows. Only a Restore reverts
// that.
var rewritten = []string{"ab_permission", "ab_permission_view", "ab_permission_view_role"}

// seeded lists the columns of the rows that a release writes when it starts with a schema of
// its own. After a rollback by class Image it starts with the newer schema, and does not. Only a
// Restore reverts that.
var seeded = map[string][]string{"themes": {"json_data", "changed_on"}}

// comparison is the result of comparing two states of the database, for the
// results page.
type comparison struct {
	// Rows is the number of rows before, in that number of Tables.
	Rows, Tables int
	// Lost rows are changed or missing; Gained ones are new.
	Lost, Gained int
	// Rewritten are permissions that the newer release removed, see rewritten.
	Rewritten int
	// Ahead is true where the schema is expected to stay at the newer release's
	// revision.
	Ahead bool
	// Schema has a line for each object that differs.
	Schema []string
}

// compare compares a state with a later one, over the columns that both have. It
// fails for each changed or missing row, except for permissions and system themes; with exact it
// fails for those too and for each new row.
func (s state) compare(t *testing.T, later state, exact bool) comparison {
	t.Helper()
	c := comparison{Rows: s.rows.Count(), Tables: len(s.rows), Schema: s.schema.Diff(later.schema)}
	ignored := maps.Clone(bookkeeping)
	if !exact {
		maps.Copy(ignored, seeded)
	}
	for _, change := range s.rows.Diff(later.rows, ignored) {
		c.Gained += change.Gained
		if slices.Contains(rewritten, change.Table) && !exact {
			c.Rewritten += change.Lost
			continue
		}
		c.Lost += change.Lost
		if change.Lost > 0 || exact {
			t.Errorf("table %s: %d rows are changed or missing, %d are new, for example %.300s", change.Table, change.Lost, change.Gained, change.Example)
		}
	}
	return c
}

// String is for the log.
func (c comparison) String() string {
	return fmt.Sprintf("%d rows of %d tables: %d lost or changed, %d permissions removed, %d new; schema: %q",
		c.Rows, c.Tables, c.Lost, c.Rewritten, c.Gained, c.Schema)
}

// knownLeftovers lists the differences of a schema after a downgrade from 6.0.0
// to 5.0.0: objects that Superset creates at its start and not in a migration,
// and objects that its downgrades do not revert. A line that begins with one of
// them is expected, any other is not.
var knownLeftovers = []string{
	"left over: TABLE ab_api_key",
	"left over: SEQUENCE ab_api_key_id_seq",
	"left over: CONSTRAINT ab_api_key ",
	"left over: FK CONSTRAINT ab_api_key ",
	"left over: INDEX idx_api_key_",
	"left over: FUNCTION safe_to_jsonb(text)",
	"changed: TABLE sql_metrics: currency character varying(128) became currency text",
	// Foreign keys that lose their ON DELETE CASCADE.
	"changed: FK CONSTRAINT ab_permission_view_role ab_permission_view_role_permission_view_id_fkey: ",
	"changed: FK CONSTRAINT ab_permission_view_role ab_permission_view_role_role_id_fkey: ",
	"changed: FK CONSTRAINT ab_user_role ab_user_role_role_id_fkey: ",
	"changed: FK CONSTRAINT ab_user_role ab_user_role_user_id_fkey: ",
}

// onlyKnown fails for each difference in the schema that is not a known one.
func (c comparison) onlyKnown(t *testing.T, known []string) {
	t.Helper()
	for _, line := range c.Schema {
		expected := false
		for _, beginning := range known {
			expected = expected || strings.HasPrefix(line, beginning)
		}
		if !expected {
			t.Errorf("the schema: %s", line)
		}
	}
}
