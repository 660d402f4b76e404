// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// session is a user's, with Superset's REST API.
type session struct {
	base   string
	client http.Client
	header http.Header
}

// login logs in as the admin at that address, and gets the token that every
// write needs.
func (c cluster) login(t *testing.T, address string) *session {
	t.Helper()
	secret := corev1.Secret{}
	c.get(t, "bi", &secret)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatalf("making a cookie jar: %v", err)
	}
	s := &session{base: address, client: http.Client{Jar: jar, Timeout: time.Minute}, header: http.Header{}}
	credentials := map[string]any{
		"username": "admin", "password": string(secret.Data["admin-password"]), "provider": "db", "refresh": true,
	}
	token := struct {
		Access string `json:"access_token"`
	}{}
	s.call(t, http.MethodPost, "/api/v1/security/login", credentials, &token)
	s.header.Set("Authorization", "Bearer "+token.Access)
	csrf := struct{ Result string }{}
	s.call(t, http.MethodGet, "/api/v1/security/csrf_token/", nil, &csrf)
	s.header.Set("X-CSRFToken", csrf.Result)
	s.header.Set("Referer", s.base)
	return s
}

// call sends a request and decodes the answer. Superset is reached through
// kube-proxy, which may take a second to see a new pod, so a connection that
// is refused is tried again; an answer of any kind is final.
func (s *session) call(t *testing.T, method, path string, body, answer any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatalf("encoding the request: %v", err)
	}
	for attempt := 1; ; attempt++ {
		content, status, err := s.send(t, method, path, encoded)
		if err != nil && attempt < 30 {
			time.Sleep(time.Second)
			continue
		}
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		if status >= http.StatusBadRequest {
			t.Fatalf("%s %s: status %d: %.500s", method, path, status, content)
		}
		if err := json.Unmarshal(content, answer); err != nil {
			t.Fatalf("%s %s: %v in %.500s", method, path, err, content)
		}
		return
	}
}

func (s *session) send(t *testing.T, method, path string, body []byte) ([]byte, int, error) {
	request, err := http.NewRequestWithContext(t.Context(), method, s.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	request.Header = s.header.Clone()
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return content, response.StatusCode, err
}

// belongings are what the user has made and wants to find again.
type belongings struct {
	dashboard, database int
}

const dashboardTitle = "Sales, seen before the upgrade"

// create makes a dashboard, and a database connection whose password Superset
// stores encrypted with the secret key.
func (s *session) create(t *testing.T, uri string) belongings {
	t.Helper()
	made := struct{ ID int }{}
	s.call(t, http.MethodPost, "/api/v1/dashboard/", map[string]any{"dashboard_title": dashboardTitle, "published": true}, &made)
	b := belongings{dashboard: made.ID}
	s.call(t, http.MethodPost, "/api/v1/database/",
		map[string]any{"database_name": "warehouse", "sqlalchemy_uri": uri, "expose_in_sqllab": true}, &made)
	b.database = made.ID
	return b
}

// check finds the dashboard as it was, and runs a query through the database
// connection, which takes the password that was stored.
func (s *session) check(t *testing.T, b belongings) {
	t.Helper()
	dashboard := struct {
		Result struct {
			Title     string `json:"dashboard_title"`
			Published bool
		}
	}{}
	s.call(t, http.MethodGet, fmt.Sprintf("/api/v1/dashboard/%d", b.dashboard), nil, &dashboard)
	if dashboard.Result.Title != dashboardTitle || !dashboard.Result.Published {
		t.Fatalf("dashboard %d is %+v, want %q, published", b.dashboard, dashboard.Result, dashboardTitle)
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
