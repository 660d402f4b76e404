// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"fmt"
	"slices"
	"time"
)

// note adds a line to the trace.
func (l *Layer) note(r Request, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trace = append(l.trace, fmt.Sprintf("%8.3f %s: %s", time.Since(l.begun).Seconds(), r, what))
}

// Trace has a line for each request and its outcome.
func (l *Layer) Trace() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.trace)
}

// Writes are the sites of the counted writes, in order.
func (l *Layer) Writes() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.writes)
}

// Requests is the number of requests.
func (l *Layer) Requests() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.requests
}

// Struck is the request that the plan chose; empty if none was chosen yet.
func (l *Layer) Struck() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.struck
}

// Paused is true while requests are held.
func (l *Layer) Paused() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.paused != nil && !l.resumed
}

// Resume releases the held requests, and waits until the API server has answered
// all writes.
func (l *Layer) Resume() {
	l.mu.Lock()
	if l.paused != nil && !l.resumed {
		l.resumed = true
		close(l.paused)
	}
	l.mu.Unlock()
	l.held.Wait()
}
