// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"regexp"
	"strings"
	"time"
	"unicode"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/lru"
)

// An error reaches the status when it has occurred in repeats reconciles in a row, or when none
// has succeeded for lasting. Reconciles within spacing count as one: the first ones follow
// each other within milliseconds, and what passes meanwhile is no news.
const (
	repeats = 3
	spacing = time.Second
	lasting = 30 * time.Second
	// renewal is how long a reported text stays although the cause is another one, so that
	// errors that take turns do not cause a write each.
	renewal = time.Minute
)

// Failures remembers which objects cannot be reconciled, so that an error that lasts is
// reported once, with a text that stays. It is safe for concurrent use, one reconcile per
// object at a time.
type Failures struct{ byUID *lru.Cache }

// NewFailures returns an empty memory. A process that starts again begins to count again.
func NewFailures() Failures { return Failures{lru.New(4096)} }

// failure is a row of reconciles that have failed.
type failure struct {
	since, counted time.Time
	count          int
	// text is what the status has, since reported, for this cause; empty for nothing yet.
	text     string
	reported time.Time
	cause    metav1.StatusReason
}

// Failed notes that the reconcile of an object ended with an error, and returns what its status
// must report; empty while that is too early, and for a conflict, which only means that the
// cache was stale.
func (f Failures) Failed(uid types.UID, now time.Time, err error) string {
	if apierrors.IsConflict(err) {
		return ""
	}
	row := failure{since: now}
	if known, ok := f.byUID.Get(uid); ok {
		row = known.(failure)
	}
	if row.count == 0 || now.Sub(row.counted) >= spacing {
		row.count, row.counted = row.count+1, now
	}
	if row.count >= repeats || now.Sub(row.since) >= lasting {
		row.report(now, err)
	}
	f.byUID.Add(uid, row)
	return row.text
}

// report takes over the text of an error, unless the status has one of the same cause, or a
// recent one.
func (r *failure) report(now time.Time, err error) {
	cause := apierrors.ReasonForError(err)
	if r.text == "" || cause != r.cause && now.Sub(r.reported) >= renewal {
		r.text, r.cause, r.reported = "this cannot be done, and is tried again: "+safe(err.Error()), cause, now
	}
}

// Succeeded forgets the errors of an object.
func (f Failures) Succeeded(uid types.UID) { f.byUID.Remove(uid) }

// maxError is the maximum length of the text of an error, in characters.
const maxError = 400

// credentials are the user and the password in a URL.
var credentials = regexp.MustCompile(`://[^\s"']*@`)

// safe is the text of an error for a status: on one line, cut to maxError characters, without
// the credentials of a URL. The operator reads no Secret, but a proxy or a webhook may quote
// one.
func safe(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, credentials.ReplaceAllString(text, "://***@"))
	if runes := []rune(text); len(runes) > maxError {
		return string(runes[:maxError-1]) + "…"
	}
	return text
}
