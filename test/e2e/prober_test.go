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
	"time"
)

// prober sends ten requests a second to Superset, each over a new connection,
// like a new user.
//
// It requests the list of charts without credentials: that needs the database,
// unlike the health page, and 401 is the expected answer. Every tenth request is
// for the login page, like a user with a browser. Answers are counted by the
// release that gave them: see releaseOf.
type prober struct {
	base   string
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
	go p.probe(ctx)
	return p
}

func (p *prober) probe(ctx context.Context) {
	defer close(p.done)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		begun, path := time.Now(), "/api/v1/chart/"
		if n%10 == 0 {
			path = loginPage
		}
		connection := &http.Transport{MaxConnsPerHost: 1}
		// As long as a proxy would wait: on a busy machine a slow answer is not a
		// failure.
		client := http.Client{Timeout: time.Minute, Transport: connection}
		paged, failure := p.ask(ctx, &client, path)
		took, release := time.Since(begun), ""
		if !paged && failure == "" {
			release = p.releaseOf(ctx, &client)
		}
		connection.CloseIdleConnections()
		if ctx.Err() != nil {
			return
		}
		p.record(answer{begun: begun, took: took, path: path, paged: paged, failure: failure, release: release})
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// ask returns the error, or an empty string; paged is true when the maintenance
// page answered.
func (p *prober) ask(ctx context.Context, client *http.Client, path string) (paged bool, failure string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+path, nil)
	if err != nil {
		return false, err.Error()
	}
	response, err := client.Do(request)
	if err != nil {
		return false, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return false, err.Error()
	case response.StatusCode == http.StatusServiceUnavailable && bytes.Contains(body, []byte(pageTitle)):
		return true, ""
	case response.StatusCode >= http.StatusInternalServerError:
		return false, response.Status
	default:
		return false, ""
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

func (p *prober) stop() {
	p.cancel()
	<-p.done
}

func lapOf(p *prober) *service {
	lap := p.lap()
	return &lap
}
