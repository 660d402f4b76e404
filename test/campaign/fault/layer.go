// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Options configure a layer.
type Options struct {
	// Plan chooses the effect on a request; nil sends all unchanged.
	Plan func(Request) Effect
	// Kinds are the resources whose watches Past, Lag and Freeze affect.
	Kinds map[string]bool
	// Past is the resource version of the first list of each of Kinds; empty for
	// the current one.
	Past string
	// Lag delays all events of a watch of Kinds.
	Lag time.Duration
	// FrozenFor is how long Freeze holds back watches of Kinds. With Past they are
	// also held back for that long from the start.
	FrozenFor time.Duration
	// Notify is called for a request with the effect of that name, before it is sent.
	// Several requests may call it at the same time.
	Notify func(Request)
}

// Layer is the proxy between one operator and the API server.
type Layer struct {
	options Options
	begun   time.Time
	dead    chan struct{}
	kill    sync.Once

	mu       sync.Mutex
	requests int
	writes   []string
	trace    []string
	paused   chan struct{} // closed by Resume; nil while nothing is held
	resumed  bool
	thaw     time.Time
	listed   map[string]bool
	struck   string
	held     sync.WaitGroup
}

// New creates a layer. It lives as long as its operator.
func New(o Options) *Layer {
	l := &Layer{options: o, begun: time.Now(), dead: make(chan struct{}), listed: map[string]bool{}}
	if o.Past != "" {
		l.thaw = l.begun.Add(o.FrozenFor)
	}
	return l
}

// Kill makes all further calls of the operator fail.
func (l *Layer) Kill() { l.kill.Do(func() { close(l.dead) }) }

// Dead is closed when the operator was killed.
func (l *Layer) Dead() <-chan struct{} { return l.dead }

// Wrap sends the requests of a transport through the layer.
func (l *Layer) Wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) { return l.roundTrip(next, req) })
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func (l *Layer) roundTrip(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	select {
	case <-l.dead:
		return nil, errDead
	default:
	}
	r, effect, gate := l.arrive(req)
	if r.Changes() {
		return l.write(next, req, r, effect, gate)
	}
	if gate != nil {
		select {
		case <-gate:
		case <-l.dead:
			return nil, errDead
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	return l.read(next, req, r, effect)
}

// arrive numbers a request and chooses its effect; the request waits for gate.
func (l *Layer) arrive(req *http.Request) (r Request, effect Effect, gate chan struct{}) {
	r = parse(req)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	r.Number = l.requests
	if r.counts() {
		l.writes = append(l.writes, r.Site())
		r.Write = len(l.writes)
	}
	if l.options.Plan != nil {
		effect = l.options.Plan(r)
	}
	if effect != Pass && l.struck == "" {
		l.struck = r.String()
	}
	if effect == Pause && l.paused == nil {
		l.paused = make(chan struct{})
	}
	if l.paused != nil && !l.resumed {
		gate = l.paused
		if r.Changes() {
			l.held.Add(1)
		}
	}
	return r, effect, gate
}

// write sends a request that may change something. Its body is read first, and it
// has its own context, so that a request that was sent is stored even if its
// sender is gone.
func (l *Layer) write(next http.RoundTripper, req *http.Request, r Request, effect Effect, gate chan struct{}) (*http.Response, error) {
	if response, err := l.beforehand(r, effect, req); response != nil || err != nil {
		return response, err
	}
	sent, err := detached(req)
	if err != nil {
		if gate != nil {
			l.held.Done()
		}
		return nil, err
	}
	type end struct {
		response *http.Response
		err      error
	}
	ended := make(chan end, 1)
	go func() {
		if gate != nil {
			defer l.held.Done()
			l.note(r, "held")
			<-gate
		}
		response, err := l.deliver(next, sent, r)
		ended <- end{response, err}
	}()
	select {
	case e := <-ended:
		return l.afterwards(r, effect, e.response, e.err)
	case <-req.Context().Done():
		return nil, req.Context().Err()
	case <-l.dead:
		return nil, errDead
	}
}

// beforehand applies the effect to a write that is not sent yet. Without an error and an answer
// it is sent.
func (l *Layer) beforehand(r Request, effect Effect, req *http.Request) (*http.Response, error) {
	switch effect {
	case KillBefore:
		l.note(r, "the operator is killed before the request is sent")
		l.Kill()
		return nil, errDead
	case ResetBefore:
		l.note(r, "reset before the request is sent")
		return nil, errReset
	case Notify:
		l.note(r, "something happens outside of the operator")
		l.options.Notify(r)
	default:
	}
	response := answer(effect, req)
	if response != nil {
		l.note(r, "answered "+response.Status)
	}
	return response, nil
}

// afterwards applies the effect to the answer of a write.
func (l *Layer) afterwards(r Request, effect Effect, response *http.Response, err error) (*http.Response, error) {
	select {
	case <-l.dead: // killed by another request meanwhile
		return nil, errDead
	default:
	}
	switch effect {
	case KillAfter:
		l.note(r, "the operator is killed before it gets the answer")
		l.Kill()
		return nil, errDead
	case ResetAfter:
		l.note(r, "reset before the answer")
		return nil, errReset
	case Freeze:
		l.mu.Lock()
		l.thaw = time.Now().Add(l.options.FrozenFor)
		l.mu.Unlock()
		l.note(r, "watches are frozen from here")
	default:
	}
	return response, err
}

// detached is a copy of a request with a context that outlives the sender.
func detached(req *http.Request) (*http.Request, error) {
	out := req.Clone(context.WithoutCancel(req.Context()))
	if req.Body == nil {
		return out, nil
	}
	body, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("reading a request's body: %w", err)
	}
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return out, nil
}

// deliver sends a request and reads the whole answer.
func (l *Layer) deliver(next http.RoundTripper, req *http.Request, r Request) (*http.Response, error) {
	response, err := next.RoundTrip(req)
	if err != nil {
		l.note(r, err.Error())
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		l.note(r, err.Error())
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	l.note(r, response.Status)
	return response, nil
}

// read sends a request that changes nothing.
func (l *Layer) read(next http.RoundTripper, req *http.Request, r Request, effect Effect) (*http.Response, error) {
	if effect == ResetBefore || effect == ResetAfter {
		l.note(r, "reset")
		return nil, errReset
	}
	if response := answer(effect, req); response != nil {
		l.note(r, "answered "+response.Status)
		return response, nil
	}
	req, response := l.past(req, r)
	if response != nil {
		return response, nil
	}
	response, err := next.RoundTrip(req)
	if err != nil {
		l.note(r, err.Error())
		return nil, err
	}
	l.note(r, response.Status)
	if r.Verb == "watch" {
		response.Body = l.watch(r.Resource, response.Body)
	}
	return response, nil
}
