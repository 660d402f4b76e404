// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"os/exec"
	"sync"
	"testing"
	"time"
)

const (
	loadClients  = 4
	loadPassword = "not-a-real-admin-password"
	maxThink     = 50 // milliseconds between two requests of a client, at most
)

// load is the traffic of logged-in clients to a web tier, until stop.
type load struct {
	cancel  context.CancelFunc
	clients sync.WaitGroup

	mutex    sync.Mutex
	requests int
	failed   []string
	slowest  time.Duration
}

// client is one logged-in user.
type client struct {
	http  *http.Client
	base  string
	token string
	csrf  string
}

// seed gives a database a user, datasets, charts and dashboards.
func seed(t *testing.T, pg server, j job, database string) {
	t.Helper()
	command := j.command(t, "superset", "fab", "create-admin", "--username", "admin", "--firstname", "a",
		"--lastname", "b", "--email", "admin@example.org", "--password", loadPassword)
	run(t, command)
	pg.query(t, database, `
		INSERT INTO dbs (id, database_name, sqlalchemy_uri, uuid) VALUES (1, 'sales', 'sqlite://', gen_random_uuid());
		INSERT INTO tables (id, table_name, database_id, uuid, created_on, changed_on)
			SELECT i, 'table ' || i, 1, gen_random_uuid(), now(), now() FROM generate_series(1, 20) i;
		INSERT INTO slices (slice_name, datasource_id, datasource_type, viz_type, params, uuid, created_on, changed_on)
			SELECT 'chart ' || i, 1, 'table', 'table', '{}', gen_random_uuid(), now(), now() FROM generate_series(1, 200) i;
		INSERT INTO dashboards (dashboard_title, position_json, json_metadata, uuid, created_on, changed_on)
			SELECT 'dashboard ' || i, '{}', '{}', gen_random_uuid(), now(), now() FROM generate_series(1, 50) i;
		SELECT setval('dbs_id_seq', 100), setval('tables_id_seq', 100)`)
}

func run(t *testing.T, command *exec.Cmd) {
	t.Helper()
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", command.Args, err, out)
	}
}

// startLoad logs the clients in and starts their requests.
func startLoad(t *testing.T, base string) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{cancel: cancel}
	t.Cleanup(func() { cancel(); l.clients.Wait() })
	for range loadClients {
		c := login(t, base)
		l.clients.Add(1)
		go func() {
			defer l.clients.Done()
			for ctx.Err() == nil {
				l.work(ctx, c)
			}
		}()
	}
	return l
}

func login(t *testing.T, base string) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{http: &http.Client{Timeout: time.Minute, Jar: jar}, base: base}
	var answer struct {
		Token  string `json:"access_token"`
		Result string `json:"result"`
	}
	for _, request := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/api/v1/security/login", map[string]any{"username": "admin", "password": loadPassword, "provider": "db", "refresh": false}},
		{"GET", "/api/v1/security/csrf_token/", nil},
	} {
		code, text, err := c.do(context.Background(), request.method, request.path, request.body)
		if err != nil || code != http.StatusOK {
			t.Fatalf("logging in: %s %s: %d %v %s", request.method, request.path, code, err, text)
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatal(err)
		}
		c.token, c.csrf = answer.Token, answer.Result
	}
	return c
}

// do sends a request and reads the whole answer.
func (c *client) do(ctx context.Context, method, path string, body any) (int, []byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	if body == nil {
		text = nil
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.csrf != "" {
		request.Header.Set("X-CSRFToken", c.csrf)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, errors.Join(err, response.Body.Close())
}

// work is one round of a user: it lists objects, creates a chart and a dashboard
// and changes them. Nothing is deleted: Superset fails a list that contains an
// object which is deleted concurrently.
func (l *load) work(ctx context.Context, c *client) {
	get := func(path string) { l.send(ctx, c, "GET", path, nil) }
	get("/api/v1/chart/_info?q=(keys:!(permissions))")
	get("/api/v1/chart/?q=(page_size:25)")
	get("/api/v1/dashboard/?q=(page_size:25)")
	chart := l.send(ctx, c, "POST", "/api/v1/chart/", map[string]any{"slice_name": "mine", "datasource_id": 1,
		"datasource_type": "table", "viz_type": "table", "params": "{}"})
	dashboard := l.send(ctx, c, "POST", "/api/v1/dashboard/", map[string]any{"dashboard_title": "mine"})
	get(fmt.Sprintf("/api/v1/dashboard/%d", 1+rand.IntN(50)))
	get(fmt.Sprintf("/api/v1/chart/%d", 1+rand.IntN(200)))
	get("/login/")
	if chart != 0 && dashboard != 0 {
		l.send(ctx, c, "PUT", fmt.Sprintf("/api/v1/chart/%d", chart), map[string]any{"slice_name": "ours", "dashboards": []int{dashboard}})
		l.send(ctx, c, "PUT", fmt.Sprintf("/api/v1/dashboard/%d", dashboard), map[string]any{"dashboard_title": "ours"})
		get(fmt.Sprintf("/api/v1/dashboard/%d/charts", dashboard))
	}
}

// send counts a request and returns the id of what it created, or 0. A request
// that was interrupted by the end of the load is not counted.
func (l *load) send(ctx context.Context, c *client, method, path string, body any) int {
	if ctx.Err() != nil {
		return 0
	}
	time.Sleep(time.Duration(rand.IntN(maxThink)) * time.Millisecond)
	began := time.Now()
	code, text, err := c.do(ctx, method, path, body)
	took := time.Since(began)
	if ctx.Err() != nil {
		return 0
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.requests++
	l.slowest = max(l.slowest, took)
	line := fmt.Sprintf("%s %s: %d %v %.300s", method, path, code, err, text)
	if err != nil || code >= 400 { // the clients request nothing that is forbidden to them
		l.failed = append(l.failed, line)
	}
	var made struct {
		ID int `json:"id"`
	}
	if method == "POST" && code < 300 {
		_ = json.Unmarshal(text, &made)
	}
	return made.ID
}

// count is the number of answered requests so far.
func (l *load) count() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.requests
}

// more waits for a number of further requests.
func (l *load) more(t *testing.T, requests int) {
	t.Helper()
	until := l.count() + requests
	poll(t, "the clients get answers", func() bool { return l.count() >= until })
}

func (l *load) stop() {
	l.cancel()
	l.clients.Wait()
}
