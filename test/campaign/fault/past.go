// SPDX-License-Identifier: Apache-2.0

package fault

import "net/http"

// past redirects the first list of each kind to an earlier state, like an API
// server with a stale cache. It rejects a watch that would begin with its own
// list, so that the client falls back to list and watch. The answer is nil if the
// request, or its replacement, has to be sent.
func (l *Layer) past(req *http.Request, r Request) (*http.Request, *http.Response) {
	if l.options.Past == "" || !l.options.Kinds[r.Resource] {
		return req, nil
	}
	l.mu.Lock()
	listed := l.listed[r.Resource]
	if r.Verb == "list" {
		l.listed[r.Resource] = true
	}
	l.mu.Unlock()
	query := req.URL.Query()
	switch {
	case listed:
		return req, nil
	case r.Verb == "watch" && query.Get("sendInitialEvents") == "true":
		l.note(r, "rejected, so that the client lists first")
		return req, status(req, http.StatusUnprocessableEntity, "Invalid")
	case r.Verb != "list":
		return req, nil
	}
	query.Set("resourceVersion", l.options.Past)
	query.Set("resourceVersionMatch", "Exact")
	out := req.Clone(req.Context())
	out.URL.RawQuery = query.Encode()
	l.note(r, "sent with resource version "+l.options.Past)
	return out, nil
}
