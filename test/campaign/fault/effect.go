// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
)

// Effect is what happens to a request.
type Effect int

// The effects.
const (
	// Pass sends it unchanged.
	Pass Effect = iota
	// KillBefore kills the operator before the request is sent.
	KillBefore
	// KillAfter kills the operator after the API server has answered, before the
	// operator reads the answer.
	KillAfter
	// ResetBefore breaks the connection before the request is sent.
	ResetBefore
	// ResetAfter breaks the connection after the API server has answered.
	ResetAfter
	// InternalError, Conflict and TooMany answer 500, 409 and 429 in place of the
	// API server.
	InternalError
	Conflict
	TooMany
	// Pause holds this request and all later ones until Resume.
	Pause
	// Freeze sends it, and then holds back the watches of the configured kinds for
	// a while.
	Freeze
	// Notify calls Options.Notify, and sends the request afterwards.
	Notify
)

// errDead is the error of all calls of a killed operator.
var errDead = errors.New("this operator was killed")

// errReset is a broken connection as the network library reports it.
var errReset = fmt.Errorf("read tcp 127.0.0.1: %w", syscall.ECONNRESET)

// status is the Status object of the API server for a code.
func status(req *http.Request, code int, reason string) *http.Response {
	body := fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the campaign answers %d","reason":%q,"code":%d}`, code, reason, code)
	header := http.Header{"Content-Type": {"application/json"}}
	if code == http.StatusTooManyRequests {
		header.Set("Retry-After", "1")
	}
	return &http.Response{
		StatusCode: code, Status: fmt.Sprintf("%d %s", code, http.StatusText(code)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)), Request: req,
	}
}

// answer is the response that an effect gives in place of the server; nil if it
// gives none.
func answer(e Effect, req *http.Request) *http.Response {
	switch e {
	case InternalError:
		return status(req, http.StatusInternalServerError, "InternalError")
	case Conflict:
		return status(req, http.StatusConflict, "Conflict")
	case TooMany:
		return status(req, http.StatusTooManyRequests, "TooManyRequests")
	default:
		return nil
	}
}
