// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

const metricsToken = "a-made-up-token-for-metrics"

// TestQueries queries a real Prometheus that scrapes a metric of the test, behind
// a server that requires a token.
func TestQueries(t *testing.T) {
	pg := startPostgreSQL(t)
	m := startMetrics(t)
	j := job{release: v610, script: "verify", database: pg.copyDatabase(t, "", "asked")}
	pg.query(t, "asked", "CREATE TABLE alembic_version AS SELECT '"+v610.head+"'::varchar(32) AS version_num")
	const errors, down = `sum by (code) (made_up_errors{code=~"5..$"}) > 2`, `up{job="superset"} == 0`
	asked := j.asking(m.url, metricsToken+"\n", errors, down)

	m.set(t, 2)
	asked.as("preflight").expect(t, "")
	asked.extra = append(asked.extra, superset.EnvSoakSeconds+"=1")
	m.refuse.Store(2) // only for a moment
	want := []check{{"Query/q0", true, "does not hold"}, {"Query/q1", true, "does not hold"}}
	if got := asked.expect(t, "").Checks; len(got) != 4 || got[1].Name != "Soak" || !slices.Equal(got[2:], want) || m.refuse.Load() > 0 {
		t.Errorf("checks %+v", got)
	}
	m.set(t, 3)
	got := asked.expect(t, "CheckFailed", "Query/q0 (1 of 4 checks failed): holds: 3 of {code=\"500\"}")
	if failed := wrong(got); !slices.Equal(failed, []string{"Query/q0"}) {
		t.Errorf("failed %v", failed)
	}
	t.Run("not queried after an earlier failure", func(t *testing.T) {
		j := asked
		j.extra = append(slices.Clone(j.extra), superset.EnvExpectedRevision+"="+v500.head)
		if got := j.expect(t, "CheckFailed", "Revision"); len(got.Checks) != 1 {
			t.Errorf("checks %+v", got.Checks)
		}
	})
	t.Run("no server", func(t *testing.T) {
		got, _ := j.asking("http://127.0.0.1:1", "", "up == 0").run(t)
		if c := got.Checks[1]; c.OK || c.Name != "Query/q0" || !strings.Contains(c.Detail, "refused") {
			t.Errorf("%+v", got.Checks)
		}
	})
	t.Run("private certificate authority", func(t *testing.T) {
		tls := httptest.NewTLSServer(m.guard)
		defer tls.Close()
		file := filepath.Join(t.TempDir(), "authority.crt")
		writeFile(t, file, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw})))
		j := j.asking(tls.URL, metricsToken, down)
		j.as("preflight").expect(t, "QueryFailed", "CERTIFICATE_VERIFY_FAILED")
		j.extra = append(j.extra, "SSL_CERT_FILE="+file)
		j.expect(t, "")
	})
	for name, c := range map[string]struct {
		url, token, expr string
		says             []string
	}{
		"already holds":            {m.url, metricsToken, errors, []string{`q0 of spec.upgrade.verify.prometheus holds: 3 of {code="500"}: wait until it does not`}},
		"holds for several":        {m.url, metricsToken, `count by (job) (up)`, []string{"holds 2 times: 1 of {job="}},
		"invalid PromQL":           {m.url, metricsToken, "up ==", []string{"is rejected: bad_data: ", "parse error", "fix its expr"}},
		"evaluation fails":         {m.url, metricsToken, "up > on() group_left() up", []string{"is rejected: execution: ", "fix its expr"}},
		"scalar":                   {m.url, metricsToken, "1 > bool 2", []string{"returns a scalar", "compare a vector, for example vector(time()) > 0"}},
		"range":                    {m.url, metricsToken, "up[5m]", []string{"returns a range", "put rate()"}},
		"another token":            {m.url, "not-" + metricsToken, errors, []string{"got no answer: GET " + m.url + "/api/v1/query answered 401", "check url, tokenFrom"}},
		"a token of two lines":     {m.url, "two\n" + metricsToken, errors, []string{"the token of tokenFrom has characters other than printable ASCII without spaces"}},
		"another path":             {m.url + "/graphs", metricsToken, errors, []string{"/graphs/api/v1/query answered 404"}},
		"the answer has the token": {m.url + "/tells", metricsToken + "\n", errors, []string{"answered 403: *** may not"}},
		"no server":                {"http://127.0.0.1:1", "", errors, []string{"got no answer: URLError", "refused", "at http://127.0.0.1:1: check url"}},
	} {
		t.Run("before: "+name, func(t *testing.T) {
			j.asking(c.url, c.token, c.expr).as("preflight").expect(t, "QueryFailed", append(c.says, "or remove the query; nothing was touched")...)
		})
	}
}

// asking is the job with queries q0, q1 and so on.
func (j job) asking(url, token string, expressions ...string) job {
	var queries []map[string]string
	for i, expression := range expressions {
		queries = append(queries, map[string]string{"name": fmt.Sprintf("q%d", i), "expr": expression})
	}
	text, _ := json.Marshal(queries)
	j.extra = append(slices.Clone(j.extra), superset.EnvPrometheusURL+"="+url, superset.EnvPrometheusToken+"="+token, superset.EnvQueries+"="+string(text))
	return j
}

// metrics is a Prometheus that scrapes one metric.
type metrics struct {
	url    string       // of the proxy
	direct string       // of Prometheus itself
	guard  http.Handler // of the proxy
	value  atomic.Int64 // of made_up_errors
	refuse atomic.Int64 // number of requests to answer with 503
}

func startMetrics(t *testing.T) *metrics {
	t.Helper()
	m, folder, port := &metrics{}, t.TempDir(), freePort(t)
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "made_up_errors{code=\"500\"} %d\n", m.value.Load())
	}))
	t.Cleanup(exporter.Close)
	config := filepath.Join(folder, "prometheus.yml")
	targets := "\n  static_configs: [{targets: [%q]}]\n"
	writeFile(t, config, fmt.Sprintf("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: superset"+targets+"- job_name: itself"+targets,
		strings.TrimPrefix(exporter.URL, "http://"), fmt.Sprintf("127.0.0.1:%d", port)))
	address := fmt.Sprintf("127.0.0.1:%d", port)
	p := start(t, "prometheus", exec.Command(machine.prometheus, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(folder, "data"),
		"--web.listen-address="+address), syscall.SIGTERM)
	m.direct = "http://" + address
	p.waitUntil(t, "ready", func() bool { return m.says(`count(up == 1) == 2`) })
	target, err := url.Parse(m.direct)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	m.guard = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+metricsToken:
			w.WriteHeader(http.StatusUnauthorized)
		case strings.HasPrefix(r.URL.Path, "/tells/"):
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(w, `{"status": "error", "error": "%s may not"}`, metricsToken)
		case m.refuse.Load() > 0:
			m.refuse.Add(-1)
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			proxy.ServeHTTP(w, r)
		}
	})
	front := httptest.NewServer(m.guard)
	t.Cleanup(front.Close)
	m.url = front.URL
	return m
}

// set waits until Prometheus has scraped the value.
func (m *metrics) set(t *testing.T, value int64) {
	t.Helper()
	m.value.Store(value)
	poll(t, fmt.Sprintf("Prometheus has read %d", value), func() bool { return m.says(fmt.Sprintf("made_up_errors == %d", value)) })
}

// says reports whether a condition holds.
func (m *metrics) says(expression string) bool {
	response, err := http.Get(m.direct + "/api/v1/query?query=" + url.QueryEscape(expression))
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return err == nil && strings.Contains(string(content), `"value":`)
}
