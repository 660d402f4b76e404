// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// draftTitle begins the titles of the dashboards of a working user.
const draftTitle = "Draft, written while it is upgraded"

// userLoad has the requests of a logged-in user during an upgrade.
type userLoad struct {
	// Reads and Writes succeeded, Failed had no answer or an error.
	Reads, Writes, Failed int
	// First failure, as an example.
	First string
	// Slowest is the time of the slowest answer.
	Slowest time.Duration
	// Tasks that were sent to the workers meanwhile.
	Tasks tasks
}

// workingUser sends requests as a logged-in user.
type workingUser struct {
	session *session
	t       *testing.T
	ended   chan struct{}
	stopped chan userLoad
}

// startWorking logs in and sends five requests a second: reads of a chart, and
// every fourth time a new dashboard, each over a new connection.
func (j *trip) startWorking(t *testing.T) *workingUser {
	t.Helper()
	user := j.user(t)
	user.client.Transport = &http.Transport{DisableKeepAlives: true}
	w := &workingUser{session: user, t: t, ended: make(chan struct{}), stopped: make(chan userLoad, 1)}
	go w.work(j.made.chart)
	return w
}

func (w *workingUser) work(chart int) {
	l := userLoad{}
	defer func() { w.stopped <- l }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		begun, write := time.Now(), n%4 == 0
		method, path, body := http.MethodGet, fmt.Sprintf("/api/v1/chart/%d", chart), []byte(nil)
		if write {
			method, path = http.MethodPost, "/api/v1/dashboard/"
			body, _ = json.Marshal(map[string]any{"dashboard_title": fmt.Sprintf("%s %d", draftTitle, n)})
		}
		content, status, err := w.session.send(w.t, method, path, body)
		switch {
		case err != nil || status >= http.StatusBadRequest:
			l.Failed++
			if l.First == "" {
				l.First = fmt.Sprintf("%s %s: %v, status %d: %.200s", method, path, err, status, content)
			}
		case write:
			l.Writes++
			l.Slowest = max(l.Slowest, time.Since(begun))
		default:
			l.Reads++
			l.Slowest = max(l.Slowest, time.Since(begun))
		}
		select {
		case <-w.ended:
			return
		case <-w.t.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// stop returns the counts.
func (w *workingUser) stop() userLoad {
	close(w.ended)
	return <-w.stopped
}

// queryByWorker has a worker run a query, and fetches the result.
func (s *session) queryByWorker(t *testing.T, b userObjects) {
	t.Helper()
	query := map[string]any{
		"database_id": b.database, "sql": "SELECT 6 * 8 AS answer", "runAsync": true,
		"client_id": fmt.Sprintf("%011d", time.Now().UnixNano()%1e11),
	}
	sent := struct {
		Query struct {
			ID int `json:"queryId"`
		}
	}{}
	s.call(t, http.MethodPost, "/api/v1/sqllab/execute/", query, &sent)
	found := struct {
		Result struct {
			Status  string
			Key     string `json:"results_key"`
			Message string `json:"error_message"`
		}
	}{}
	for range 120 {
		s.call(t, http.MethodGet, fmt.Sprintf("/api/v1/query/%d", sent.Query.ID), nil, &found)
		if found.Result.Status == "success" || found.Result.Status == "failed" {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	if found.Result.Status != "success" {
		t.Fatalf("a query through a worker is %s: %s", found.Result.Status, found.Result.Message)
	}
	result := struct{ Data []map[string]int }{}
	s.call(t, http.MethodGet, "/api/v1/sqllab/results/?q=(key:'"+found.Result.Key+"')", nil, &result)
	if len(result.Data) != 1 || result.Data[0]["answer"] != 48 {
		t.Fatalf("a query through a worker gave %v, want 48", result.Data)
	}
}

// watch creates an alert that beat sends to the workers each minute, and that
// never fires.
func (s *session) watch(t *testing.T, b userObjects) {
	t.Helper()
	s.make(t, "report", map[string]any{
		"type": "Alert", "name": "Never", "crontab": "* * * * *", "database": b.database, "chart": b.chart,
		"sql": "SELECT 0 AS answer", "validator_type": "operator", "validator_config_json": map[string]any{"op": ">", "threshold": 1},
		"recipients": []map[string]any{{"type": "Email", "recipient_config_json": map[string]any{"target": "nobody@example.invalid"}}},
	})
}
