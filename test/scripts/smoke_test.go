// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

const userPassword = "a-made-up-password-of-a-reader"

// TestVerifyCharts reads charts before and after each upgrade: preflight of the
// next release reads them from the release that runs, and verify from the one
// that has replaced it.
func TestVerifyCharts(t *testing.T) {
	pg, cache := startPostgreSQL(t), startRedis(t)
	j := job{release: v414, database: pg.copyDatabase(t, "", "bi"), cache: cache, raw: "WTF_CSRF_ENABLED = False\n"}
	j.as("migrate").expect(t, "")
	j.makeUser(t)
	pg.copyDatabase(t, "", "warehouse")
	pg.query(t, "warehouse", "CREATE TABLE orders AS SELECT n AS id, 'order ' || n AS name FROM generate_series(1, 5) n")
	web, url := startWeb(t, j)
	user := signIn(t, url)
	database := user.make(t, "database", map[string]any{"database_name": "warehouse", "sqlalchemy_uri": pg.url("warehouse")})
	dataset := user.make(t, "dataset", map[string]any{"database": database, "schema": "public", "table_name": "orders"})
	chart := user.make(t, "chart", chartOf(dataset, `{"datasource": {"id": %d, "type": "table"}, "result_format": "json", "result_type": "full", "force": false,
		"queries": [{"columns": ["id", "name"], "metrics": [], "orderby": [], "filters": [], "extras": {}, "row_limit": 100}]}`))
	bare := user.make(t, "chart", chartOf(dataset, ""))
	ids := fmt.Sprintf("%s=%d,%d,4711", superset.EnvCharts, chart, bare)
	before := ""
	for _, next := range []release{v500, v600, v610} {
		before = j.baseline(t, next, url, ids)
		if want := fmt.Sprintf(`^%d:[0-9a-f]{8}:5,%d:-,4711:-$`, chart, bare); !regexp.MustCompile(want).MatchString(before) {
			t.Fatalf("the charts of %s are %q, want %s; web:\n%s", j.release.version, before, want, web.log)
		}
		end(t, web)
		j.release = next
		j.as("migrate").expect(t, "")
		web, url = startWeb(t, j)
		got := j.verified(t, "", url, ids, before)
		want := fmt.Sprintf("3 charts answered; %d failed before as well; 4711 failed before as well", bare)
		if len(got) != 5 || got[3].Name != "Login" || got[3].Detail != "logged in; 2 charts visible" || got[4].Detail != want {
			t.Errorf("%s: %+v", next.version, got)
		}
	}
	j.faults(t, pg, url, ids, before)
}

// faults are faults that verify must detect: tested only on the newest release,
// because the script is the same.
func (j job) faults(t *testing.T, pg server, url, ids, before string) {
	steps := []struct{ name, change, charts, says string }{
		{"fewer rows", "DELETE FROM orders WHERE id > 3", ids, ""},
		{"no rows", "DELETE FROM orders", ids, "no rows, 5 before"},
		{"a missing chart", "INSERT INTO orders VALUES (1, 'a')", superset.EnvCharts + "=4711", "4711: 404: it does not exist"},
		{"a missing column", "ALTER TABLE orders DROP COLUMN name", ids, "1 of 3 charts"},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			pg.query(t, "warehouse", s.change)
			known := before
			if s.charts != ids {
				known = ""
			}
			if s.says == "" {
				if got := j.verified(t, "", url, s.charts, known); !strings.Contains(got[4].Detail, "3 rows, 5 before") {
					t.Errorf("%+v", got)
				}
				return
			}
			got := j.verified(t, "CheckFailed", url, s.charts, known)
			if c := got[len(got)-1]; c.OK || !strings.Contains(c.Detail, s.says) {
				t.Errorf("%+v, want %q in it", got, s.says)
			}
		})
	}
	t.Run("other columns", func(t *testing.T) {
		pg.query(t, "warehouse", "ALTER TABLE orders ADD COLUMN name text")
		other := regexp.MustCompile(`:[0-9a-f]{8}:`).ReplaceAllString(before, ":00000000:")
		got := j.verified(t, "CheckFailed", url, ids, other)
		if c := got[4]; c.OK || !strings.Contains(c.Detail, "other columns than before") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("another password", func(t *testing.T) {
		j := j
		j.extra = asUser(url, "not-his-password", ids)
		got := j.as("verify").expect(t, "CheckFailed", "Login", "401")
		if failed := wrong(got); !slices.Equal(failed, []string{"Login", "Charts"}) {
			t.Errorf("failed %v, want Login and what needs it", failed)
		}
		j.as("preflight").expect(t, "CheckFailed", "loginFrom", "nothing was touched")
	})
	t.Run("no server for preflight", func(t *testing.T) {
		j := j
		j.extra = asUser("http://127.0.0.1:1", userPassword, ids)
		if got := j.as("preflight").expect(t, ""); got.Charts != "" {
			t.Errorf("charts %q", got.Charts)
		}
	})
}

// as is the same job with another script.
func (j job) as(script string) job {
	j.script = script
	return j
}

// baseline returns preflight's result of the next release for the charts of this
// one.
func (j job) baseline(t *testing.T, next release, url, ids string) string {
	t.Helper()
	j.release, j.script, j.extra = next, "preflight", asUser(url, userPassword, ids)
	return j.expect(t, "").Charts
}

// verified returns the checks of verify as a user.
func (j job) verified(t *testing.T, reason, url, ids, before string) []check {
	t.Helper()
	j.script, j.extra = "verify", append(asUser(url, userPassword, ids), superset.EnvChartsBefore+"="+before)
	return j.expect(t, reason).Checks
}

func asUser(url, password, ids string) []string {
	return []string{superset.EnvWebURL + "=" + url, superset.EnvLoginUsername + "=reader", superset.EnvLoginPassword + "=" + password, ids}
}

// makeUser creates an administrator with the name reader.
func (j job) makeUser(t *testing.T) {
	t.Helper()
	command := j.command(t, "superset", "fab", "create-admin", "--username", "reader", "--firstname", "A", "--lastname", "Reader",
		"--email", "reader@example.com", "--password", userPassword)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("making a user: %v\n%s", err, out)
	}
}

func chartOf(dataset int, queryContext string) map[string]any {
	values := map[string]any{"slice_name": "Orders", "datasource_id": dataset, "datasource_type": "table", "viz_type": "table",
		"params": `{"viz_type": "table", "query_mode": "raw", "all_columns": ["id", "name"]}`}
	if queryContext != "" {
		values["query_context"] = fmt.Sprintf(queryContext, dataset)
	}
	return values
}

// apiClient is a user of the API.
type apiClient struct{ url, token string }

func signIn(t *testing.T, url string) apiClient {
	t.Helper()
	answer := apiClient{url: url}.post(t, "security/login", map[string]any{"username": "reader", "password": userPassword, "provider": "db"})
	return apiClient{url, fmt.Sprint(answer["access_token"])}
}

func (c apiClient) make(t *testing.T, kind string, values map[string]any) int {
	t.Helper()
	id, ok := c.post(t, kind+"/", values)["id"].(float64)
	if !ok {
		t.Fatalf("no id of the new %s", kind)
	}
	return int(id)
}

func (c apiClient) post(t *testing.T, path string, values map[string]any) map[string]any {
	t.Helper()
	body, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url+"/api/v1/"+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 400 {
		t.Fatalf("POST %s: %v, status %d: %.500s", path, err, response.StatusCode, content)
	}
	var answer map[string]any
	if err := json.Unmarshal(content, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}
