// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// An error is reported at its third occurrence, or after 30 s; reconciles of one moment and
// conflicts do not count, and a success begins again.
func TestFailures(t *testing.T) {
	webhook := apierrors.NewInternalError(errors.New("webhook"))
	conflict := apierrors.NewConflict(schema.GroupResource{}, "bi", errors.New("stale"))
	for name, tt := range map[string]struct {
		at   []time.Duration // of reconciles
		errs map[int]error   // other than the webhook's; nil is a success
		want int             // the first reconcile whose error is reported; -1 for none
	}{
		"third":             {[]time.Duration{0, 2 * time.Second, 4 * time.Second}, nil, 2},
		"twice":             {[]time.Duration{0, 20 * time.Second}, nil, -1},
		"30 s":              {[]time.Duration{0, 30 * time.Second}, nil, 1},
		"the first backoff": {[]time.Duration{0, 5e6, 15e6, 35e6, 75e6, 155e6, 315e6, 635e6}, nil, -1},
		"backoff":           {[]time.Duration{0, 635e6, 1275e6, 2555e6, 5115e6}, nil, 3},
		"conflicts":         {[]time.Duration{0, 20 * time.Second, 40 * time.Second, 80 * time.Second}, map[int]error{0: conflict, 1: conflict, 2: conflict, 3: conflict}, -1},
		"conflict between":  {[]time.Duration{0, 2 * time.Second, 4 * time.Second, 6 * time.Second}, map[int]error{1: conflict}, 3},
		"success between":   {[]time.Duration{0, 2 * time.Second, 4 * time.Second, 6 * time.Second}, map[int]error{1: nil}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			f, first := NewFailures(), -1
			for i, at := range tt.at {
				err := error(webhook)
				if other, replaced := tt.errs[i]; replaced {
					err = other
				}
				if err == nil {
					f.Succeeded("u")
					continue
				}
				if text := f.Failed("u", time.Unix(1000, 0).Add(at), err); text != "" && first < 0 {
					first = i
				}
			}
			if first != tt.want {
				t.Errorf("reported at %d, want %d", first, tt.want)
			}
		})
	}
}

// The text of an error stays although it differs in each attempt, so that the status is
// written once. Another cause replaces it after a minute. Objects are apart.
func TestReportedTextStays(t *testing.T) {
	f, texts := NewFailures(), map[string]bool{}
	at := time.Unix(1000, 0)
	for i := range 200 {
		texts[f.Failed("u", at.Add(time.Duration(i)*time.Minute), fmt.Errorf("dial tcp: port %d", i))] = true
	}
	if len(texts) != 2 {
		t.Errorf("texts: %v, want none and one", texts)
	}
	if text := f.Failed("other", at, errors.New("first")); text != "" {
		t.Errorf("reported at once for another object: %s", text)
	}
	denied := apierrors.NewTooManyRequestsError("slow down")
	last := at.Add(199 * time.Minute)
	if text := f.Failed("u", last.Add(time.Second), denied); !strings.Contains(text, "slow down") {
		t.Errorf("the cause has changed long after the report, the text is %q", text)
	}
	if text := f.Failed("u", last.Add(30*time.Second), errors.New("dial")); !strings.Contains(text, "slow down") {
		t.Errorf("the text changes within a minute: %q", text)
	}
}

// The text is short, on one line, and has no password of a URL.
func TestSafeText(t *testing.T) {
	got := safe("Post \"https://admin:s3cret@hook.example.com/x\": proxy http://p:w/x@y@10.0.0.1\nrefused\x00")
	if strings.Contains(got, "s3cret") || strings.Contains(got, "p:w") || strings.Contains(got, "y@") || strings.ContainsAny(got, "\n\x00") || !strings.Contains(got, "https://***@hook.example.com/x") {
		t.Errorf("got %q", got)
	}
	if got := []rune(safe(strings.Repeat("ä", 1000))); len(got) != maxError || got[len(got)-1] != '…' {
		t.Errorf("%d characters", len(got))
	}
}
