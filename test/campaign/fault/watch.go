// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// watch delays or holds back the body of a watch.
func (l *Layer) watch(resource string, body io.ReadCloser) io.ReadCloser {
	w := &late{layer: l, concerned: l.options.Kinds[resource], body: body, closed: make(chan struct{}), chunks: make(chan chunk, maxChunks)}
	go w.pump()
	return w
}

// maxChunks bounds what is read ahead of a delayed delivery. Each operator has more than ten
// watches, and client-go keeps some of them reachable after its end.
const maxChunks = 1 << 10

// chunk is a part of a body, or its end, and the time of its arrival.
type chunk struct {
	data []byte
	at   time.Time
	err  error
}

// late is the delayed body of a watch. What the API server sends is read at once;
// only its delivery is delayed.
type late struct {
	layer     *Layer
	concerned bool
	body      io.ReadCloser
	chunks    chan chunk
	closed    chan struct{}
	once      sync.Once
	rest      []byte
}

func (w *late) pump() {
	buffer := make([]byte, 32<<10)
	for {
		n, err := w.body.Read(buffer)
		for _, c := range []chunk{{data: bytes.Clone(buffer[:n])}, {err: err}} {
			if len(c.data) == 0 && c.err == nil {
				continue
			}
			c.at = time.Now()
			select {
			case w.chunks <- c:
			case <-w.closed:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Read returns what is due.
func (w *late) Read(p []byte) (int, error) {
	for len(w.rest) == 0 {
		select {
		case c := <-w.chunks:
			if err := w.due(c.at); err != nil {
				return 0, err
			}
			if c.err != nil {
				return 0, c.err
			}
			w.rest = c.data
		case <-w.closed:
			return 0, io.ErrClosedPipe
		case <-w.layer.dead:
			return 0, errDead
		}
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

// due waits until a chunk that arrived at a time may be delivered.
func (w *late) due(at time.Time) error {
	for {
		wait := w.layer.delay(w.concerned, at)
		if wait <= 0 {
			return nil
		}
		select {
		case <-time.After(wait):
		case <-w.closed:
			return io.ErrClosedPipe
		case <-w.layer.dead:
			return errDead
		}
	}
}

// delay is the remaining delay of a chunk that arrived at a time.
func (l *Layer) delay(concerned bool, at time.Time) time.Duration {
	if !concerned {
		return 0
	}
	l.mu.Lock()
	thaw := l.thaw
	l.mu.Unlock()
	return max(time.Until(at.Add(l.options.Lag)), time.Until(thaw))
}

// Close ends the watch.
func (w *late) Close() error {
	w.once.Do(func() { close(w.closed) })
	return w.body.Close()
}
