// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// userObjects are the objects that a user has created and expects to find again.
type userObjects struct {
	dashboard, database, dataset, chart int
}

const (
	dashboardTitle = "Sales, seen before the upgrade"
	chartName      = "Orders by day"
)

// create creates a dashboard, a database connection, whose password Superset
// stores encrypted with the secret key, and a dataset and a chart on it. If there
// are workers, they run its queries on request.
func (s *session) create(t *testing.T, uri string, workers bool) userObjects {
	t.Helper()
	b := userObjects{dashboard: s.write(t, dashboardTitle)}
	b.database = s.make(t, "database", map[string]any{"database_name": "warehouse", "sqlalchemy_uri": uri, "expose_in_sqllab": true, "allow_run_async": workers})
	b.dataset = s.make(t, "dataset", map[string]any{"database": b.database, "schema": schemaOf(uri), "table_name": "dashboards"})
	b.chart = s.make(t, "chart", map[string]any{
		"slice_name": chartName, "datasource_id": b.dataset, "datasource_type": "table", "viz_type": "table",
		"params": `{"viz_type": "table", "query_mode": "raw", "all_columns": ["id"]}`, "dashboards": []int{b.dashboard},
	})
	return b
}

// schemaOf is the schema of Superset's tables in Superset's terms: on MySQL that
// is the database.
func schemaOf(uri string) string {
	if !strings.HasPrefix(uri, "mysql") {
		return "public"
	}
	database, _, _ := strings.Cut(uri[strings.LastIndex(uri, "/")+1:], "?")
	return database
}

// write creates a dashboard.
func (s *session) write(t *testing.T, title string) (id int) {
	t.Helper()
	return s.make(t, "dashboard", map[string]any{"dashboard_title": title, "published": true})
}

func (s *session) make(t *testing.T, kind string, values map[string]any) (id int) {
	t.Helper()
	made := struct{ ID int }{}
	s.call(t, http.MethodPost, "/api/v1/"+kind+"/", values, &made)
	return made.ID
}

// check requires that the dashboard and the chart are unchanged, and runs a query
// through the database connection, which needs the stored password.
func (s *session) check(t *testing.T, b userObjects) {
	t.Helper()
	found := struct {
		Result struct {
			Title     string `json:"dashboard_title"`
			Published bool
			Name      string `json:"slice_name"`
		}
	}{}
	s.call(t, http.MethodGet, fmt.Sprintf("/api/v1/dashboard/%d", b.dashboard), nil, &found)
	s.call(t, http.MethodGet, fmt.Sprintf("/api/v1/chart/%d", b.chart), nil, &found)
	if r := found.Result; r.Title != dashboardTitle || !r.Published || r.Name != chartName {
		t.Fatalf("dashboard %d and chart %d are %+v, want %q, published, and %q", b.dashboard, b.chart, r, dashboardTitle, chartName)
	}
	query := map[string]any{
		"database_id": b.database, "sql": "SELECT 6 * 7 AS answer", "runAsync": false,
		"client_id": fmt.Sprintf("%011d", time.Now().UnixNano()%1e11),
	}
	result := struct{ Data []map[string]int }{}
	s.call(t, http.MethodPost, "/api/v1/sqllab/execute/", query, &result)
	if len(result.Data) != 1 || result.Data[0]["answer"] != 42 {
		t.Fatalf("a query through the stored connection gave %v, want 42", result.Data)
	}
}

// has reports whether a dashboard exists.
func (s *session) has(t *testing.T, dashboard int) bool {
	t.Helper()
	list := struct{ IDs []int }{}
	s.call(t, http.MethodGet, "/api/v1/dashboard/?q=(page_size:100)", nil, &list)
	for _, id := range list.IDs {
		if id == dashboard {
			return true
		}
	}
	if len(list.IDs) == 0 {
		t.Fatal("the list of dashboards is empty")
	}
	return false
}
