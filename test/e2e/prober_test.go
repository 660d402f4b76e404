// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// prober asks Superset for something ten times a second, each time over a new
// connection, as a new user would.
//
// It asks for the list of charts without credentials: that takes the database,
// unlike the health page, and the refusal (401) is the right answer. Every tenth time
// it asks for the login page, as somebody does who has a browser open.
type prober struct {
	base   string
	cancel context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	count service
	down  time.Time // when the current outage began; zero while there is none
}

const loginPage = "/login/"

// service is what users had of Superset in some stretch of time.
type service struct {
	// OK were answered by Superset, Paged by the maintenance page (status 503),
	// Failed by nobody or by an error.
	OK, Paged, Failed int
	// Pages of Failed is how often the login page was the error.
	Pages int
	// Away is the time from the first request that Superset did not answer to the
	// next that it did, all outages together; Longest is the longest of them.
	Away, Longest time.Duration
	// Slowest is what the slowest request that was answered took.
	Slowest time.Duration
	// First failure, as an example.
	First string
}

func startProber(ctx context.Context, base string) *prober {
	ctx, cancel := context.WithCancel(ctx)
	p := &prober{base: base, cancel: cancel, done: make(chan struct{})}
	go p.probe(ctx)
	return p
}

func (p *prober) probe(ctx context.Context) {
	defer close(p.done)
	// As long as a proxy would wait: on a busy machine slow is not yet failed.
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		begun, path := time.Now(), "/api/v1/chart/"
		if n%10 == 0 {
			path = loginPage
		}
		paged, failure := p.ask(ctx, &client, path)
		if ctx.Err() != nil {
			return
		}
		p.record(begun, path, paged, failure)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// ask returns what went wrong, or nothing; paged is true when the maintenance
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

func (p *prober) record(begun time.Time, path string, paged bool, failure string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if failure == "" {
		p.count.Slowest = max(p.count.Slowest, time.Since(begun))
	}
	switch {
	case paged:
		p.count.Paged++
	case failure == "":
		p.count.OK++
		p.endOutage(time.Now())
		return
	default:
		p.count.Failed++
		if path == loginPage {
			p.count.Pages++
		}
		if p.count.First == "" {
			p.count.First = path + ": " + failure
		}
	}
	if p.down.IsZero() {
		p.down = begun
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

// lap returns the counts since the last lap and starts new ones. An outage
// that goes on counts for both.
func (p *prober) lap() service {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, ongoing := time.Now(), !p.down.IsZero()
	p.endOutage(now)
	if ongoing {
		p.down = now
	}
	lap := p.count
	p.count = service{}
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
