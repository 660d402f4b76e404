// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// TestVerifySoak runs verify repeatedly against a server that answers like web
// until it starts to fail: Superset cannot be made to fail at a given moment.
func TestVerifySoak(t *testing.T) {
	pg := startPostgreSQL(t)
	var pages, good atomic.Int64
	var silent atomic.Bool
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n := pages.Add(1); {
		case r.URL.Path != "/login/":
			w.WriteHeader(http.StatusUnauthorized)
		case n > good.Load() && silent.Load():
			panic(http.ErrAbortHandler)
		case n > good.Load():
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer web.Close()
	j := job{release: v610, script: "verify", database: pg.copyDatabase(t, "", "soaked"),
		extra: []string{superset.EnvWebURL + "=" + web.URL, superset.EnvSoakSeconds + "=6"}}
	pg.query(t, "soaked", "CREATE TABLE alembic_version AS SELECT '"+v610.head+"'::varchar(32) AS version_num")
	good.Store(1 << 40)
	got := j.expect(t, "")
	last := got.Checks[len(got.Checks)-1]
	if last.Name != "Soak" || !last.OK || !strings.HasSuffix(last.Detail, "rounds of AnonymousAPI, LoginPage") || pages.Load() < 4 {
		t.Fatalf("%+v after %d requests", last, pages.Load())
	}
	j.extra[1] = superset.EnvSoakSeconds + "=86400" // it ends because it fails
	good.Store(pages.Load() + 4)                    // two in the first check, two in the first round
	got = j.expect(t, "CheckFailed", "Soak", "LoginPage", "500")
	if failed := wrong(got); !slices.Equal(failed, []string{"Soak"}) {
		t.Errorf("failed %v", failed)
	}
	// What gets no answer may pass later.
	good.Store(pages.Load() + 4)
	silent.Store(true)
	j.expect(t, "CheckUnanswered", "Soak", "LoginPage")
	silent.Store(false)
	// A failure in the first check prevents the soak.
	good.Store(0)
	got, log := j.run(t)
	if failed := wrong(got); !slices.Equal(failed, []string{"LoginPage"}) || strings.Contains(log, "Soak") {
		t.Errorf("failed %v, log:\n%s", failed, log)
	}
}
