// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// TestVerifyUnanswered: without an answer, or with that of a proxy which gets none, verify can run
// again. Any answer of web is final.
func TestVerifyUnanswered(t *testing.T) {
	pg := startPostgreSQL(t)
	j := job{release: v610, script: "verify", database: pg.copyDatabase(t, "", "bi")}
	pg.query(t, "bi", "CREATE TABLE alembic_version AS SELECT '"+v610.head+"'::varchar(32) AS version_num")
	t.Run("group", func(t *testing.T) {
		for name, c := range map[string]struct {
			api, page int
			reason    string
			says      string
		}{
			"nothing listens":      {0, 0, "CheckUnanswered", "AnonymousAPI (2 of 3 checks failed)"},
			"closed connections":   {-1, 200, "CheckUnanswered", "AnonymousAPI (1 of 3 checks failed)"},
			"a mesh without pods":  {503, 503, "CheckUnanswered", "GET /api/v1/chart/ answered 503"},
			"web fails":            {500, 200, "CheckFailed", "GET /api/v1/chart/ answered 500"},
			"web fails, partly":    {503, 500, "CheckFailed", "AnonymousAPI (2 of 3 checks failed)"},
			"other answers of web": {429, 404, "", ""},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				j := j
				j.extra = []string{superset.EnvWebURL + "=" + startCodes(t, c.api, c.page), superset.EnvWebProbeSeconds + "=3"}
				j.expect(t, c.reason, c.says)
			})
		}
	})
	j.database = strings.Replace(j.database, fmt.Sprint(":", pg.port), fmt.Sprint(":", freePort(t)), 1)
	j.expect(t, "CheckUnanswered", "Revision (1 of 1 checks failed)")
}

// TestChartsUnanswered: charts that web does not answer for may be read later; one that fails is
// final.
func TestChartsUnanswered(t *testing.T) {
	pg := startPostgreSQL(t)
	var broken atomic.Bool
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/v1/security/login":
			_, _ = w.Write([]byte(`{"access_token": "made-up"}`))
		case r.URL.Path == "/api/v1/chart/1/data/":
			panic(http.ErrAbortHandler)
		case r.URL.Path == "/api/v1/chart/2/data/" && broken.Load():
			w.WriteHeader(http.StatusInternalServerError)
		default:
			_, _ = w.Write([]byte(`{"count": 2, "result": [{"colnames": ["id"], "rowcount": 3}]}`))
		}
	}))
	defer web.Close()
	j := job{release: v610, script: "verify", database: pg.copyDatabase(t, "", "charts"), extra: []string{superset.EnvWebURL + "=" + web.URL,
		superset.EnvLoginUsername + "=smoke", superset.EnvLoginPassword + "=not-a-password", superset.EnvCharts + "=1,2"}}
	pg.query(t, "charts", "CREATE TABLE alembic_version AS SELECT '"+v610.head+"'::varchar(32) AS version_num")
	j.expect(t, "CheckUnanswered", "Charts (1 of 5 checks failed): 1 of 2 charts: 1: ")
	broken.Store(true)
	j.expect(t, "CheckFailed", "Charts (1 of 5 checks failed): 2 of 2 charts: 1: ", "2: 500")
}

// TestWebUnreachable: preflight reports whether a Job reaches web, and verify skips the checks of
// web only where that is known and still so.
func TestWebUnreachable(t *testing.T) {
	pg := startPostgreSQL(t)
	preflight := job{release: v610, script: "preflight", database: pg.copyDatabase(t, "", "reach")}
	verify := job{release: v610, script: "verify", database: pg.copyDatabase(t, "", "bi")}
	pg.query(t, "bi", "CREATE TABLE alembic_version AS SELECT '"+v610.head+"'::varchar(32) AS version_num")
	t.Run("group", func(t *testing.T) {
		for name, c := range map[string]struct {
			job       job
			api, page int
			known     string // the variable that is "1"
			reason    string
			web, why  string
			checks    string
		}{
			"preflight, no answer":     {preflight, 0, 0, superset.EnvWebReady, "", "Unreachable", "refused", ""},
			"preflight, a proxy":       {preflight, 503, 503, superset.EnvWebReady, "", "Unreachable", "answered 503", ""},
			"preflight, any answer":    {preflight, 401, 500, superset.EnvWebReady, "", "Reachable", "", ""},
			"preflight does not ask":   {preflight, 0, 0, "", "", "", "", ""},
			"verify, no answer":        {verify, 0, 0, "", "CheckUnanswered", "Unreachable", "refused", "Revision AnonymousAPI LoginPage"},
			"verify, answers":          {verify, 401, 200, "", "", "Reachable", "", "Revision AnonymousAPI LoginPage"},
			"verify, known, no answer": {verify, 0, 0, superset.EnvWebUnreachable, "", "Unreachable", "refused", "Revision Web"},
			"verify, known, a proxy":   {verify, 503, 503, superset.EnvWebUnreachable, "", "Unreachable", "answered 503", "Revision Web"},
			"verify, known, answers":   {verify, 401, 200, superset.EnvWebUnreachable, "", "Reachable", "", "Revision AnonymousAPI LoginPage"},
			"verify, known, web fails": {verify, 500, 200, superset.EnvWebUnreachable, "CheckFailed", "Reachable", "", "Revision AnonymousAPI LoginPage"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				j := c.job
				j.extra = []string{superset.EnvWebURL + "=" + startCodes(t, c.api, c.page), superset.EnvWebProbeSeconds + "=3"}
				if c.known != "" {
					j.extra = append(j.extra, c.known+"=1")
				}
				got := j.expect(t, c.reason)
				var names []string
				for _, check := range got.Checks {
					names = append(names, check.Name)
				}
				if string(got.Web) != c.web || !strings.Contains(got.WebWhy, c.why) || strings.Join(names, " ") != c.checks {
					t.Errorf("web %q (%s), checks %q", got.Web, got.WebWhy, names)
				}
			})
		}
	})
}

// startCodes returns the URL of a server that answers the API and the login page with a code:
// -1 closes the connection, 0 is no server at all.
func startCodes(t *testing.T, api, page int) string {
	t.Helper()
	if api == 0 {
		return fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code := page
		if strings.HasPrefix(r.URL.Path, "/api/") {
			code = api
		}
		if code < 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(code)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

// proxied are a pod's variables for a proxy.
func proxied(proxy string) []string {
	return []string{"HTTP_PROXY=" + proxy, "http_proxy=" + proxy, "NO_PROXY=10.0.0.0/8,.cluster.local", "no_proxy=10.0.0.0/8,.cluster.local"}
}

// TestVerifyBypassesProxy: no request to web is sent to the proxy of the environment, which
// knows no Service of a cluster. Requests to other servers are.
func TestVerifyBypassesProxy(t *testing.T) {
	pg := startPostgreSQL(t)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/security/login":
			_, _ = w.Write([]byte(`{"access_token": "made-up"}`))
		case "/login/":
			http.Redirect(w, r, "/login/form", http.StatusFound)
		default:
			_, _ = w.Write([]byte(`{"count": 0, "result": [{"colnames": ["id"], "rowcount": 3}]}`))
		}
	}))
	defer web.Close()
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "prometheus.example.com:9090" {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		asked.Add(1)
		_, _ = w.Write([]byte(`{"status": "success", "data": {"resultType": "vector", "result": []}}`))
	}))
	defer proxy.Close()
	j := job{release: v610, script: "verify", database: pg.copyDatabase(t, "", "bi")}
	pg.query(t, "bi", "CREATE TABLE alembic_version AS SELECT '"+v610.head+"'::varchar(32) AS version_num")
	user := asUser(web.URL, userPassword, superset.EnvCharts+"=7")
	j.extra = append(proxied("http://127.0.0.1:1"), append(user, superset.EnvSoakSeconds+"=1")...)
	if got := j.expect(t, "").Checks; len(got) != 6 {
		t.Errorf("checks %+v", got)
	}
	if got := j.as("preflight").expect(t, "").Charts; !strings.HasPrefix(got, "7:") || !strings.HasSuffix(got, ":3") {
		t.Errorf("preflight reads %q", got)
	}
	j = j.asking("http://prometheus.example.com:9090", "", "up == 0")
	j.extra = append(j.extra, append(proxied(proxy.URL), user...)...)
	j.expect(t, "")
	if asked.Load() != 1 {
		t.Errorf("%d queries were sent to the proxy, want 1", asked.Load())
	}
}

const forceHTTPS = "TALISMAN_ENABLED = True\nTALISMAN_CONFIG = {'force_https': True, 'content_security_policy': None}\n"

// TestVerifyForcedHTTPS: web redirects each request to https that did not come through a proxy
// which ends TLS. The pages are checked all the same, as an anonymous visitor and as a user.
func TestVerifyForcedHTTPS(t *testing.T) {
	pg := startPostgreSQL(t)
	j := job{release: v610, database: pg.copyDatabase(t, "", "bi"), raw: forceHTTPS}
	j.as("migrate").expect(t, "")
	j.makeUser(t)
	for name, raw := range map[string]string{"Talisman": forceHTTPS, "Talisman behind ProxyFix": forceHTTPS + "ENABLE_PROXY_FIX = True\n"} {
		t.Run(name, func(t *testing.T) {
			j := j
			j.raw = raw
			web, url := startWeb(t, j)
			defer end(t, web)
			if got := redirect(t, url+"/login/"); !strings.HasPrefix(got, "https://") {
				t.Fatalf("a plain request is redirected to %q", got)
			}
			j.expectPages(t, url)
			j.extra = asUser(url, "not-his-password", superset.EnvCharts+"=4711")
			j.as("preflight").expect(t, "CheckFailed", "401", "nothing was touched")
		})
	}
}

// TestVerifyBelowPath: verify finds web below its path, as an anonymous visitor and as a user,
// and the probes of its pod answer there. At / there is nothing.
func TestVerifyBelowPath(t *testing.T) {
	pg := startPostgreSQL(t)
	j := job{release: v600, database: pg.copyDatabase(t, "", "bi")}
	j.as("migrate").expect(t, "")
	j.makeUser(t)
	j.extra = []string{superset.EnvAppRoot + "=/analytics"}
	web, url := startWeb(t, j)
	defer end(t, web)
	for path, want := range map[string]int{"/analytics/health": http.StatusOK, "/health": http.StatusNotFound} {
		response, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s answered %s, want %d", path, response.Status, want)
		}
	}
	j.expectPages(t, url+"/analytics")
}

// expectPages requires that verify has read the pages of web themselves.
func (j job) expectPages(t *testing.T, url string) {
	t.Helper()
	j.extra = append(slices.Clone(j.extra), asUser(url, userPassword, superset.EnvCharts+"=")...)
	got := j.as("verify").expect(t, "").Checks
	want := []check{{"AnonymousAPI", true, "GET /api/v1/chart/ answered 401"}, {"LoginPage", true, "GET /login/ answered 200"},
		{"Login", true, "logged in; 0 charts visible"}}
	if len(got) != 4 || !slices.Equal(got[1:], want) {
		t.Errorf("checks %+v", got)
	}
}

// redirect returns where a server redirects a request to.
func redirect(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.Header.Get("Location")
}

// TestRedirects: a redirect to web itself by https is followed without TLS; others are the
// answer.
func TestRedirects(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		itself := "https://" + r.Host
		for from, to := range map[string]string{"/page": itself + "/login/", "/loop": itself + "/loop", "/port": "https://127.0.0.1/login/",
			"/plain": "/login/", "/other": "https://login.example.com/"} {
			if r.URL.Path == from {
				http.Redirect(w, r, to, http.StatusFound)
			}
		}
		if r.Header.Get("X-Forwarded-Proto") != "https" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer web.Close()
	for path, want := range map[string]float64{"/page": 200, "/plain": 200, "/loop": 302, "/port": 302, "/other": 302} {
		got := evaluate(t, "os.environ.update(SUPERSET_OPERATOR_WEB_URL=given[0]) or outcome('superset_job.web.service', 'call_web', given[1:])[0]", web.URL, path)
		if got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}
