// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// users are clients that keep their connections, some of them behind a proxy. New connections go
// to the address.
type users struct {
	address atomic.Pointer[string]
	cancel  context.CancelFunc
	done    sync.WaitGroup

	mu    sync.Mutex
	count traffic
	first string // failure
}

// traffic is what the users have seen. Reused are requests on kept connections, closed are
// answers that announced the end of their connection.
type traffic struct{ requests, reused, closed, failed int }

func startUsers(t *testing.T, address string) *users {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	u := &users{cancel: cancel}
	u.address.Store(&address)
	proxy := httptest.NewServer(u.proxy())
	t.Cleanup(func() { u.stop(); proxy.Close() })
	for _, pause := range []time.Duration{50, 50, 50, 50, 100, 200, 500, 1000, 3000, 3000} { // milliseconds
		u.done.Go(func() { u.direct(ctx, pause*time.Millisecond) })
		u.done.Go(func() { u.proxied(ctx, proxy.URL, pause*time.Millisecond) })
	}
	return u
}

// proxy keeps its connections to web for a minute, as many proxies do.
func (u *users) proxy() *httputil.ReverseProxy {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	return &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "web" },
		ErrorLog: log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 100, IdleConnTimeout: time.Minute,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, *u.address.Load())
			},
		},
	}
}

// proxied sends requests through the proxy, which may not repeat them.
func (u *users) proxied(ctx context.Context, proxy string, pause time.Duration) {
	for ctx.Err() == nil {
		response, err := http.Post(proxy+"/health", "", nil)
		if err == nil {
			var body []byte
			body, err = io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err == nil && response.StatusCode >= 500 {
				err = fmt.Errorf("%s: %s", response.Status, body)
			}
		}
		u.saw(true, false, false, err)
		rest(ctx, pause)
	}
}

// direct sends requests over one connection, until an answer announces its end.
func (u *users) direct(ctx context.Context, pause time.Duration) {
	for ctx.Err() == nil {
		conn, err := net.DialTimeout("tcp", *u.address.Load(), 10*time.Second)
		if err != nil {
			u.saw(false, false, false, err)
			rest(ctx, pause)
			continue
		}
		reader := bufio.NewReader(conn)
		for n, open := 0, true; open && ctx.Err() == nil; n++ {
			var ended bool
			ended, err = ask(conn, reader)
			open = err == nil && !ended
			u.saw(false, n > 0, ended, err)
			if !open {
				_ = conn.Close()
			}
			rest(ctx, pause)
		}
		_ = conn.Close()
	}
}

// ask sends one request; ended is true if the answer is the last one of the connection.
func ask(conn net.Conn, reader *bufio.Reader) (ended bool, err error) {
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: web\r\n\r\n"); err != nil {
		return false, fmt.Errorf("sending: %w", err)
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return false, fmt.Errorf("receiving: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return false, fmt.Errorf("receiving: %w", err)
	}
	if response.StatusCode >= http.StatusInternalServerError {
		return false, errors.New(response.Status)
	}
	return response.Close, nil
}

// rest waits for up to twice the pause, but less than gunicorn keeps an idle connection.
func rest(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(rand.Int64N(int64(2 * pause)))):
	}
}

func (u *users) saw(proxied, reused, closed bool, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count.requests++
	if reused {
		u.count.reused++
	}
	if closed {
		u.count.closed++
	}
	if err != nil {
		u.count.failed++
		if u.first == "" {
			u.first = fmt.Sprintf("through the proxy: %v, reused: %v: %v", proxied, reused, err)
		}
	}
}

func (u *users) counted() traffic {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.count
}

func (u *users) stop() traffic {
	u.cancel()
	u.done.Wait()
	return u.counted()
}
