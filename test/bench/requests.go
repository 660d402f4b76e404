// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/superset-operator/superset-operator/test/operator"
)

// requests are counts of the operator's requests, by the audit log. Leases are not counted.
type requests struct {
	// writes are successful writes but for events.
	writes, events int
	// reads are gets and lists; pages are the second and further pages of lists. discovery
	// are requests for no resource, such as the release of the API server.
	reads, pages, discovery int
	// watches that were opened: each begins with its list.
	watches int
	// rejected have a status of 400 or more, such as a conflict.
	rejected int
	// sites are the writes by verb and kind, such as "patch supersets/status".
	sites map[string]int
}

// auditEvent is what is read of a line of the audit log.
type auditEvent struct {
	Stage      string
	RequestURI string
	Verb       string
	User       struct{ Username string }
	ObjectRef  *struct{ Resource, Subresource string }

	ResponseStatus struct{ Code int }
}

// auditLog reads what was added to an audit log since the last look.
type auditLog struct {
	path   string
	offset int64
}

// next counts the requests since the last call.
func (a *auditLog) next() (requests, error) {
	r := requests{sites: map[string]int{}}
	f, err := os.Open(a.path)
	if err != nil {
		return r, fmt.Errorf("reading the audit log: %w", err)
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Seek(a.offset, io.SeekStart); err != nil {
		return r, fmt.Errorf("reading the audit log: %w", err)
	}
	lines := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return r, nil // a line without its end is read again
		}
		if err != nil {
			return r, fmt.Errorf("reading the audit log: %w", err)
		}
		a.offset += int64(len(line))
		if err := r.add(line); err != nil {
			return r, err
		}
	}
}

// add counts a line if it is about the operator.
func (r *requests) add(line []byte) error {
	if !bytes.Contains(line, []byte(operator.User)) {
		return nil
	}
	var e auditEvent
	if err := json.Unmarshal(line, &e); err != nil {
		return fmt.Errorf("reading a line of the audit log: %w", err)
	}
	if e.User.Username == operator.User {
		r.count(&e)
	}
	return nil
}

// count counts one request. A watch counts when it is opened, any other when it is answered.
func (r *requests) count(e *auditEvent) {
	switch {
	case e.ObjectRef != nil && e.ObjectRef.Resource == "leases":
	case e.Verb == "watch":
		if e.Stage == "ResponseStarted" {
			r.watches++
		}
	case e.Stage == "ResponseComplete":
		r.countAnswered(e)
	}
}

// countAnswered counts a request that was answered.
func (r *requests) countAnswered(e *auditEvent) {
	switch {
	case e.ResponseStatus.Code >= 400:
		r.rejected++
	case e.ObjectRef == nil:
		r.discovery++
	case e.Verb == "list" && strings.Contains(e.RequestURI, "continue="):
		r.pages++
	case e.Verb == "get", e.Verb == "list":
		r.reads++
	case e.ObjectRef.Resource == "events":
		r.events++
	default:
		r.writes++
		r.sites[site(e)]++
	}
}

// site is the verb and the kind of a write.
func site(e *auditEvent) string {
	if e.ObjectRef.Subresource == "" {
		return e.Verb + " " + e.ObjectRef.Resource
	}
	return e.Verb + " " + e.ObjectRef.Resource + "/" + e.ObjectRef.Subresource
}
