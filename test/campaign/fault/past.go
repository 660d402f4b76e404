// SPDX-License-Identifier: Apache-2.0

package fault

import "net/http"

// past sends the first list of each kind to an earlier state, as an API server
// that lags would answer it. A watch that would begin with a list of its own is
// refused: the operator's library falls back to list and watch then. The answer
// is nil when the request, or the one in its place, has to be sent.
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
		l.note(r, "refused, so that a list comes")
		return req, status(req, http.StatusUnprocessableEntity, "Invalid")
	case r.Verb != "list":
		return req, nil
	}
	query.Set("resourceVersion", l.options.Past)
	query.Set("resourceVersionMatch", "Exact")
	out := req.Clone(req.Context())
	out.URL.RawQuery = query.Encode()
	l.note(r, "asked as of resource version "+l.options.Past)
	return out, nil
}
