// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// roundTrip has the findings about a database that was upgraded to the next
// release and downgraded again.
type roundTrip struct {
	From, To release
	Result   result
	// Objects are the differences in the schema, Rows those in the tables, compared
	// with the database after the newer release has started.
	Objects, Rows []string
	// Start lists what the newer release adds to the schema at its start.
	Start []string
}

// Version and Head are for the page's template.
func (r release) Version() string { return r.version }
func (r release) Head() string    { return r.head }

// TestDowngrade upgrades to each next release and downgrades again, with objects
// of a user, and compares the databases.
func TestDowngrade(t *testing.T) {
	pg := startPostgreSQL(t)
	database := pg.copyDatabase(t, "", "bi")
	start := job{release: v414, script: "migrate", database: database}
	start.expect(t, "")
	fill(t, start)
	var all []roundTrip
	from := v414
	for _, hop := range hops {
		all = append(all, downgradeCopy(t, pg, from, hop.to))
		from = hop.to
	}
	for i, fails := range []bool{true, false, false} {
		if one := all[i]; fails != (one.Result.Reason != "") {
			t.Errorf("%s to %s: %+v", one.To.version, one.From.version, one.Result)
		}
	}
	if got := all[2]; len(got.Objects) != 0 {
		t.Errorf("6.1.0 to 6.0.0 leaves a schema that differs: %v", got.Objects)
	}
	t.Run("refused", func(t *testing.T) { refusedDowngrades(t, pg) })
	keep(t, filepath.Join("..", "..", "docs", "explanation", "downgrade.md"), downgradePage(t, all))
}

// fill makes Superset store a database with a password, a dataset, a chart and a
// dashboard.
func fill(t *testing.T, j job) {
	t.Helper()
	storePassword(t, &j)
	const program = `
from superset.app import create_app
with create_app().app_context():
    import json
    from superset import db
    from superset.connectors.sqla.models import SqlaTable, SqlMetric, TableColumn
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice
    table = SqlaTable(table_name="orders", database=db.session.query(Database).one(), schema="public",
        columns=[TableColumn(column_name="day", type="DATE", is_dttm=True)],
        metrics=[SqlMetric(metric_name="count", expression="COUNT(*)", currency='{"symbol": "EUR"}')])
    db.session.add(table)
    db.session.flush()
    params = {"viz_type": "line", "x_axis_sort_series": "sum", "x_axis_sort_series_ascending": True, "adhoc_filters": []}
    charts = [Slice(slice_name=f"chart {i}", datasource_id=table.id, datasource_type="table",
        viz_type=["line", "echarts_timeseries_line", "dist_bar"][i], params=json.dumps(params)) for i in range(3)]
    db.session.add(Dashboard(dashboard_title="sales", slug="sales", slices=charts, published=True, json_metadata="{}", position_json="{}"))
    db.session.commit()
    print("filled")
`
	if out, err := j.command(t, "python", "-c", program).CombinedOutput(); err != nil || !strings.Contains(string(out), "filled") {
		t.Fatalf("filling: %v\n%s", err, out)
	}
}

// downgradeCopy upgrades the database bi, and downgrades a copy of the result.
func downgradeCopy(t *testing.T, pg server, from, to release) roundTrip {
	t.Helper()
	one := roundTrip{From: from, To: to}
	found := pg.objects(t, "bi")
	start := job{release: to, database: pg.url("bi")}.command(t, "python", "-c", "from superset.app import create_app; create_app()")
	if out, err := start.CombinedOutput(); err != nil {
		t.Fatalf("starting %s: %v\n%s", to.version, err, out)
	}
	before, columns := pg.snapshot(t, "bi"), pg.columns(t, "bi")
	for _, line := range changedObjects(found, before.Objects) {
		one.Start = append(one.Start, strings.TrimPrefix(line, "left over: "))
	}
	job{release: to, script: "migrate", database: pg.url("bi")}.expect(t, "")

	name := "back_" + strings.ReplaceAll(to.version, ".", "")
	j := job{release: to, script: "downgrade", database: pg.copyDatabase(t, "bi", name)}
	j.extra = []string{superset.EnvTargetRevision + "=" + from.head}
	upgraded := pg.snapshot(t, name)
	got, log := j.run(t)
	one.Result = got
	t.Logf("%s to %s: reason %q, %s", to.version, from.version, got.Reason, got.Message)
	if got.Reason != "" {
		want(t, got, "DowngradeFailed", "rolled back, the revision is still "+to.head)
		if diff := cmp.Diff(upgraded, pg.snapshot(t, name)); diff != "" || got.Revision != to.head {
			t.Errorf("a downgrade that failed left revision %s, -before +after:\n%s", got.Revision, diff)
		}
		return one
	}
	if got.Revision != from.head || got.Head != to.head || !strings.Contains(log, "downgraded to "+from.head) {
		t.Errorf("result %+v, log:\n%s", got, log)
	}
	one.Objects = changedObjects(before.Objects, pg.objects(t, name))
	one.Rows = changedRows(before.Rows, pg.rows(t, name, columns))
	for _, table := range []string{"dashboards", "dbs", "dashboard_slices", "tables", "table_columns", "ab_user"} {
		if line := "public." + table + ":"; slices.ContainsFunc(one.Rows, func(row string) bool { return strings.HasPrefix(row, line) }) {
			t.Errorf("the users' objects differ after %s and the downgrade: %v", to.version, one.Rows)
		}
	}
	// A retry, as of a lost pod, finds the downgrade done; and the older release
	// runs.
	if again := j.expect(t, ""); again.Revision != from.head {
		t.Errorf("retry: %+v", again)
	}
	if again := (job{release: from, script: "migrate", database: j.database}).expect(t, ""); again.Revision != from.head {
		t.Errorf("the older release: %+v", again)
	}
	return one
}

// changedObjects lists the differences of two schemas, one line each.
func changedObjects(before, after map[string]string) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(before)) {
		switch now, ok := after[name]; {
		case !ok:
			lines = append(lines, "gone: "+name)
		case now != before[name]:
			lines = append(lines, "changed: "+name+": "+changedLines(before[name], now))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[name]; !ok {
			lines = append(lines, "left over: "+name)
		}
	}
	return lines
}

// changedLines returns the lines of each text that the other one does not have.
func changedLines(before, after string) string {
	only := func(text, other string) string {
		var lines []string
		for _, line := range strings.Split(text, "\n") {
			if line = strings.Trim(line, " ,"); !slices.ContainsFunc(strings.Split(other, "\n"), func(o string) bool { return strings.Trim(o, " ,") == line }) {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "; ")
	}
	return fmt.Sprintf("`%s` became `%s`", only(before, after), only(after, before))
}

// changedRows lists the tables whose rows differ, with the number of rows before
// and after.
func changedRows(before, after map[string]string) []string {
	var lines []string
	for _, table := range slices.Sorted(maps.Keys(before)) {
		now, ok := after[table]
		if !ok {
			lines = append(lines, table+": gone")
			continue
		}
		if was, _, _ := strings.Cut(before[table], "|"); now != before[table] {
			is, _, _ := strings.Cut(now, "|")
			lines = append(lines, fmt.Sprintf("%s: %s rows before, %s after", table, was, is))
		}
	}
	return lines
}

// refusedDowngrades requests impossible downgrades.
func refusedDowngrades(t *testing.T, pg server) {
	j := job{release: v610, script: "downgrade", database: pg.url("bi")}
	before := pg.snapshot(t, "bi")
	for target, words := range map[string][]string{
		"abcdef012345": {"cannot downgrade it to abcdef012345", v610.head, "nothing was changed"},
	} {
		j.extra = []string{superset.EnvTargetRevision + "=" + target}
		j.expect(t, "DowngradeFailed", words...)
	}
	j.extra = nil
	if got := j.expect(t, ""); got.Revision != v610.head {
		t.Errorf("without a target: %+v", got)
	}
	// An older image knows neither the target nor the current revision.
	old := job{release: v600, script: "downgrade", database: pg.url("bi"), extra: []string{superset.EnvTargetRevision + "=" + v500.head}}
	old.expect(t, "DatabaseAhead", v610.head)
	if diff := cmp.Diff(before, pg.snapshot(t, "bi")); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

var downgradeTemplate = template.Must(template.New("downgrade.md.tmpl").Funcs(template.FuncMap{
	"cause": func(message string) string {
		return strings.TrimSpace(regexp.MustCompile(`; rolled back.*$`).ReplaceAllString(message, ""))
	},
}).ParseFiles("downgrade.md.tmpl"))

func downgradePage(t *testing.T, all []roundTrip) string {
	t.Helper()
	var out bytes.Buffer
	if err := downgradeTemplate.Execute(&out, all); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
