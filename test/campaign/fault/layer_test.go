// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server answers all requests and records them.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen = append(s.seen, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
		s.mu.Unlock()
		_, _ = io.WriteString(w, "answer")
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

const jobs, events = "/apis/batch/v1/namespaces/ns/jobs", "/apis/events.k8s.io/v1/namespaces/ns/events"

// send sends a request such as "GET /api" through a layer; it returns the code
// and the body of the answer.
func send(ctx context.Context, l *Layer, s *server, line, body string) (int, string, error) {
	method, path, _ := strings.Cut(line, " ")
	request, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, "", err
	}
	response, err := l.Wrap(http.DefaultTransport).RoundTrip(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

// second applies an effect to the second counted write.
func second(e Effect) func(Request) Effect {
	return func(r Request) Effect {
		if r.Write == 2 {
			return e
		}
		return Pass
	}
}

func TestEffectsOnTheSecondWrite(t *testing.T) {
	for name, test := range map[string]struct {
		effect  Effect
		err     error
		code    int
		arrives bool
		dead    bool
	}{
		"pass":         {Pass, nil, 200, true, false},
		"kill before":  {KillBefore, errDead, 0, false, true},
		"kill after":   {KillAfter, errDead, 0, true, true},
		"reset before": {ResetBefore, syscall.ECONNRESET, 0, false, false},
		"reset after":  {ResetAfter, syscall.ECONNRESET, 0, true, false},
		"500":          {InternalError, nil, 500, false, false},
		"409":          {Conflict, nil, 409, false, false},
		"429":          {TooMany, nil, 429, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			l := New(Options{Plan: second(test.effect)})
			for _, path := range []string{jobs, events} { // events are not counted
				if code, body, err := send(t.Context(), l, s, "POST "+path, "first"); code != 200 || body != "answer" || err != nil {
					t.Fatalf("%s: %d %q %v", path, code, body, err)
				}
			}
			code, _, err := send(t.Context(), l, s, "POST "+jobs, "second")
			if code != test.code || !errors.Is(err, test.err) {
				t.Errorf("the second write: %d, %v; want %d, %v", code, err, test.code, test.err)
			}
			if arrived := slices.Contains(s.requests(), "POST "+jobs+" second"); arrived != test.arrives {
				t.Errorf("the server got the request: %v, want %v", arrived, test.arrives)
			}
			before := len(s.requests())
			_, _, err = send(t.Context(), l, s, "GET "+jobs+"/x", "")
			if dead := errors.Is(err, errDead); dead != test.dead || dead && len(s.requests()) != before {
				t.Errorf("afterwards: %v, %v; want it dead: %v", err, s.requests()[before:], test.dead)
			}
			if struck := l.Struck() != ""; struck != (test.effect != Pass) {
				t.Errorf("struck: %q", l.Struck())
			}
			if got := l.Writes(); len(got) != 2 || got[0] != "create jobs" {
				t.Errorf("writes: %v", got)
			}
			if trace := strings.Join(l.Trace(), "\n"); !strings.Contains(trace, "write 2: create jobs ns/") {
				t.Errorf("the trace does not contain the write:\n%s", trace)
			}
		})
	}
}

// A request that a paused operator had begun to send is sent when it resumes,
// even if the sender has stopped waiting.
func TestPausedWritesAreSentLater(t *testing.T) {
	s := serve(t)
	l := New(Options{Plan: second(Pause)})
	if _, _, err := send(t.Context(), l, s, "POST "+jobs, "first"); err != nil {
		t.Fatal(err)
	}
	ctx, giveUp := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { _, _, err := send(ctx, l, s, "POST "+jobs, "second"); ended <- err }()
	for !l.Paused() {
		time.Sleep(time.Millisecond)
	}
	go func() { _, _, err := send(ctx, l, s, "GET "+jobs+"/x", ""); ended <- err }()
	giveUp()
	for range 2 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the caller of a paused request: %v", err)
		}
	}
	if got := len(s.requests()); got != 1 {
		t.Fatalf("the server got %v", s.requests())
	}
	l.Resume()
	if got := s.requests(); len(got) != 2 || got[1] != "POST "+jobs+" second" {
		t.Errorf("the server got %v", got)
	}
	if _, _, err := send(t.Context(), l, s, "POST "+jobs, "third"); err != nil || l.Paused() {
		t.Errorf("the next request: %v", err)
	}
}

// Notify is called before the request is sent, for each request that has the effect; struck
// is the first one.
func TestNotifyComesFirst(t *testing.T) {
	s := serve(t)
	var called []string
	l := New(Options{
		Plan: func(r Request) Effect {
			if r.Write >= 2 {
				return Notify
			}
			return Pass
		},
		Notify: func(r Request) { called = append(called, fmt.Sprintf("write %d after %d", r.Write, len(s.requests()))) },
	})
	for _, path := range []string{jobs, events, jobs, jobs} {
		if code, _, err := send(t.Context(), l, s, "POST "+path, ""); code != 200 || err != nil {
			t.Fatalf("%s: %d, %v", path, code, err)
		}
	}
	if want := []string{"write 2 after 2", "write 3 after 3"}; !slices.Equal(called, want) || len(s.requests()) != 4 || !strings.Contains(l.Struck(), "write 2:") {
		t.Errorf("called: %v, want %v; struck: %s; the server got %v", called, want, l.Struck(), s.requests())
	}
}

// Only the first list of a kind returns the earlier state, and never for other
// kinds.
func TestFirstListIsStale(t *testing.T) {
	s := serve(t)
	l := New(Options{Kinds: map[string]bool{"jobs": true}, Past: "17"})
	if code, _, err := send(t.Context(), l, s, "GET "+jobs+"?watch=true&sendInitialEvents=true", ""); code != 422 || err != nil {
		t.Errorf("a watch that begins with a list: %d, %v", code, err)
	}
	for _, path := range []string{jobs + "?limit=500&resourceVersion=0", jobs + "?resourceVersion=0", "/api/v1/namespaces/ns/pods?resourceVersion=0"} {
		if _, _, err := send(t.Context(), l, s, "GET "+path, ""); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"GET " + jobs + "?limit=500&resourceVersion=17&resourceVersionMatch=Exact", "GET " + jobs + "?resourceVersion=0", "GET /api/v1/namespaces/ns/pods?resourceVersion=0"}
	if got := s.requests(); !slices.Equal(got, want) {
		t.Errorf("the server got %v", got)
	}
	if l.delay(true, time.Now()) > 0 || New(Options{Past: "17", FrozenFor: time.Hour}).delay(true, time.Now()) <= 0 {
		t.Error("watches are not frozen for the configured time")
	}
}

func TestLagAffectsOnlyItsKinds(t *testing.T) {
	l := New(Options{Lag: time.Hour, FrozenFor: time.Hour, Plan: second(Freeze)})
	now := time.Now()
	if l.delay(false, now) != 0 || l.delay(true, now) <= 0 || l.delay(true, now.Add(-2*time.Hour)) > 0 {
		t.Error("want an event of two hours ago to be due, a current one not, and other kinds never delayed")
	}
	s := serve(t)
	for range 2 {
		if _, _, err := send(t.Context(), l, s, "POST "+jobs, ""); err != nil {
			t.Fatal(err)
		}
	}
	if l.delay(true, now.Add(-2*time.Hour)) <= 0 {
		t.Error("watches are not frozen after the second write")
	}
}

// A watch delivers everything that the server sends.
func TestWatchPassesEverything(t *testing.T) {
	s := serve(t)
	l := New(Options{Kinds: map[string]bool{"jobs": true}, Lag: time.Millisecond})
	if _, body, err := send(t.Context(), l, s, "GET "+jobs+"?watch=true", ""); body != "answer" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
}

func TestParse(t *testing.T) {
	for line, want := range map[string]string{
		"GET /apis": "discover /apis", "GET /api/v1": "discover /api/v1",
		"GET /api/v1/namespaces/ns/pods?watch=true":                                        "watch pods ns/",
		"GET /api/v1/namespaces/ns/pods":                                                   "list pods ns/",
		"GET /api/v1/namespaces/ns/pods/x":                                                 "get pods ns/x",
		"PATCH /apis/superset-operator.dev/v1alpha1/namespaces/ns/supersets/bi/status":     "patch supersets/status ns/bi",
		"PUT /apis/coordination.k8s.io/v1/namespaces/ns/leases/superset-operator.dev":      "update leases ns/superset-operator.dev",
		"DELETE /apis/apps/v1/namespaces/ns/deployments/page?propagationPolicy=Foreground": "delete deployments ns/page",
		"POST /apis/batch/v1/namespaces/ns/jobs?fieldManager=superset-operator":            "create jobs ns/",
	} {
		method, uri, _ := strings.Cut(line, " ")
		r := parse(httptest.NewRequest(method, uri, nil))
		if got := strings.TrimSuffix(r.Site()+" "+r.Namespace+"/"+r.Name, " /"); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
		if want := !strings.HasPrefix(line, "GET") && r.Resource != "leases"; r.counts() != want {
			t.Errorf("%s counts: %v, want %v", line, r.counts(), want)
		}
	}
}
