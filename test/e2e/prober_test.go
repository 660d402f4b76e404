// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// prober sends ten requests a second to Superset: every second one over a new
// connection, like a new user, the others over two connections that it keeps, like
// a proxy. Such a connection counts as failed if it ends without an answer, even
// though the client of Go then repeats the request.
//
// It requests the list of charts without credentials: that needs the database,
// unlike the health page, and 401 is the expected answer. Every tenth request is
// for the login page, like a user with a browser. Answers are counted by the
// release that gave them: see releaseOf.
type prober struct {
	base   string
	kept   [2]http.Client
	cancel context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	count service
	down  time.Time // when the current outage began; zero if there is none
}

const (
	loginPage = "/login/"
	// versionFile is a file that each release ships, and that is in no cache.
	versionFile = "/static/version_info.json"
)

// service is the availability of Superset for users in an interval.
type service struct {
	// OK counts answers of Superset, Paged those of the maintenance page (status
	// 503), Failed errors and missing answers.
	OK, Paged, Failed int
	// Kept is how many of them were sent over a connection that was used before.
	Kept int
	// By is the number of answers by release. It is unknown for some of OK: the
	// connection was closed with the answer.
	By map[string]int
	// Pages is how many of Failed were requests for the login page.
	Pages int
	// Away is the time from the first request that Superset did not answer to the
	// next that it did, all outages together; Longest is the longest of them.
	Away, Longest time.Duration
	// Slowest is the time of the slowest request that was answered.
	Slowest time.Duration
	// First failure, as an example.
	First string
}

func startProber(ctx context.Context, base string) *prober {
	ctx, cancel := context.WithCancel(ctx)
	p := &prober{base: base, cancel: cancel, done: make(chan struct{}), count: service{By: map[string]int{}}}
	for i := range p.kept {
		p.kept[i] = oneConnection()
	}
	go p.probe(ctx)
	return p
}

func (p *prober) probe(ctx context.Context) {
	defer close(p.done)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		a := answer{begun: time.Now(), path: "/api/v1/chart/"}
		if n%20 == 0 || n%20 == 11 { // over a connection of each kind
			a.path = loginPage
		}
		once := oneConnection()
		client := &once
		if n%2 == 0 {
			client = &p.kept[n/2%len(p.kept)]
		}
		p.ask(ctx, client, &a)
		a.took = time.Since(a.begun)
		if !a.paged && a.failure == "" {
			a.release = p.releaseOf(ctx, client)
		}
		once.CloseIdleConnections()
		if ctx.Err() != nil {
			return
		}
		p.record(a)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// oneConnection is a client that waits as long as a proxy would: on a busy machine a
// slow answer is not a failure.
func oneConnection() http.Client {
	return http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxConnsPerHost: 1, IdleConnTimeout: time.Minute}}
}

// ask sends a request and completes its answer.
func (p *prober) ask(ctx context.Context, client *http.Client, a *answer) {
	var waits, lost, kept atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(c httptrace.GotConnInfo) {
			if waits.Swap(true) { // a repeated request
				lost.Store(true)
			}
			kept.Store(c.Reused)
		},
		GotFirstResponseByte: func() { waits.Store(false) },
	})
	defer func() { a.kept = kept.Load() || lost.Load() }()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+a.path, nil)
	if err != nil {
		a.failure = err.Error()
		return
	}
	response, err := client.Do(request)
	if err != nil {
		a.failure = err.Error()
		return
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		a.failure = err.Error()
	case lost.Load():
		a.failure = "the kept connection ended without an answer"
	case response.StatusCode == http.StatusServiceUnavailable && bytes.Contains(body, []byte(pageTitle)):
		a.paged = true
	case response.StatusCode >= http.StatusInternalServerError:
		a.failure = response.Status
	}
}

// releaseOf requests the release of the pod that has just answered: kube-proxy
// routes a whole connection to one pod. Empty if the connection was closed.
func (p *prober) releaseOf(ctx context.Context, client *http.Client) string {
	compareDatabase := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { compareDatabase = c.Reused }})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+versionFile, nil)
	if err != nil {
		return ""
	}
	response, err := client.Do(request)
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	said := struct{ Version string }{}
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil || !compareDatabase {
		return ""
	}
	return said.Version
}

// answer is an answer to the prober, or its absence.
type answer struct {
	begun   time.Time
	took    time.Duration
	path    string
	kept    bool // sent over a connection that was used before
	paged   bool
	failure string
	release string
}

func (p *prober) record(a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.failure == "" {
		p.count.Slowest = max(p.count.Slowest, a.took)
	}
	if a.kept {
		p.count.Kept++
	}
	switch {
	case a.paged:
		p.count.Paged++
	case a.failure == "":
		p.count.OK++
		if a.release != "" {
			p.count.By[a.release]++
		}
		p.endOutage(time.Now())
		return
	default:
		p.count.Failed++
		if a.path == loginPage {
			p.count.Pages++
		}
		if p.count.First == "" {
			p.count.First = a.path + ": " + a.failure
		}
	}
	if p.down.IsZero() {
		p.down = a.begun
	}
}

func (p *prober) endOutage(at time.Time) {
	if p.down.IsZero() {
		return
	}
	away := at.Sub(p.down)
	p.count.Away += away
	p.count.Longest = max(p.count.Longest, away)
	p.down = time.Time{}
}

// lap returns the counts since the last lap and resets them. An outage that
// continues counts for both.
func (p *prober) lap() service {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, ongoing := time.Now(), !p.down.IsZero()
	p.endOutage(now)
	if ongoing {
		p.down = now
	}
	lap := p.count
	p.count = service{By: map[string]int{}}
	return lap
}

// soFar returns the counts since the last lap.
func (p *prober) soFar() service {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

func (p *prober) stop() {
	p.cancel()
	<-p.done
}

func lapOf(p *prober) *service {
	lap := p.lap()
	return &lap
}
