// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// session is a logged-in user of Superset's REST API.
type session struct {
	base   string
	client http.Client
	header http.Header
}

// login logs in as the admin at that address, through a proxy if it is not nil,
// and gets the token that every write needs.
func (c cluster) login(t *testing.T, address string, through http.RoundTripper) *session {
	t.Helper()
	secret := corev1.Secret{}
	c.get(t, "bi", &secret)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatalf("making a cookie jar: %v", err)
	}
	s := &session{base: address, client: http.Client{Jar: jar, Timeout: time.Minute, Transport: through}, header: http.Header{}}
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
// kube-proxy, which may take a second to see a new pod, so a refused connection
// is retried; any answer is final.
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
