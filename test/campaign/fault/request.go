// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"fmt"
	"net/http"
	"strings"
)

// Request is a request of an operator.
type Request struct {
	// Number counts all requests, from 1.
	Number int
	// Write counts the writes of the operator's own state, from 1: events and
	// leases are not counted. It is 0 for any other request.
	Write int
	// Verb is create, update, patch, delete, get, list, watch or discover.
	Verb                                   string
	Resource, Subresource, Namespace, Name string
}

// Site is the verb and the kind, such as "patch supersets/status".
func (r Request) Site() string {
	site := r.Verb + " " + r.Resource
	if r.Subresource != "" {
		site += "/" + r.Subresource
	}
	return site
}

func (r Request) String() string {
	number := fmt.Sprintf("request %d", r.Number)
	if r.Write > 0 {
		number += fmt.Sprintf(", write %d", r.Write)
	}
	return fmt.Sprintf("%s: %s %s/%s", number, r.Site(), r.Namespace, r.Name)
}

// Changes is true for a request that the API server may store.
func (r Request) Changes() bool {
	switch r.Verb {
	case "create", "update", "patch", "delete":
		return true
	default:
		return false
	}
}

// counts is true for the writes that a campaign disturbs one by one.
func (r Request) counts() bool {
	return r.Changes() && r.Resource != "events" && r.Resource != "leases"
}

var writing = map[string]string{http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete"}

// parse derives a Request from an HTTP request.
func parse(req *http.Request) Request {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		parts = parts[3:]
	default:
		return Request{Verb: "discover", Resource: req.URL.Path}
	}
	r := object(parts)
	r.Verb = verb(req, r.Name)
	return r
}

// object parses the rest of a path.
func object(parts []string) Request {
	var r Request
	if parts[0] == "namespaces" && len(parts) > 2 {
		r.Namespace, parts = parts[1], parts[2:]
	}
	for i, into := range []*string{&r.Resource, &r.Name, &r.Subresource} {
		if i < len(parts) {
			*into = parts[i]
		}
	}
	return r
}

func verb(req *http.Request, name string) string {
	switch {
	case writing[req.Method] != "":
		return writing[req.Method]
	case req.URL.Query().Get("watch") != "":
		return "watch"
	case name == "":
		return "list"
	default:
		return "get"
	}
}
