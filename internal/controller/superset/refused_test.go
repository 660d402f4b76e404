// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The newest refusal is quoted, without the name of the pod.
func TestRefusal(t *testing.T) {
	event := func(after time.Duration, message string) corev1.Event {
		return corev1.Event{LastTimestamp: metav1.NewTime(now.Add(after)), Message: message}
	}
	cases := map[string]struct {
		events []corev1.Event
		want   string
	}{
		"no event": {nil, ""},
		"a quota": {[]corev1.Event{event(0, `Error creating: pods "bi-preflight-2-1-cda90-x7k2p" is forbidden: failed quota: q: must specify limits.memory for: superset`)},
			"pods cannot be created: failed quota: q: must specify limits.memory for: superset"},
		"a webhook": {[]corev1.Event{event(0, `Error creating: admission webhook "w" denied the request: no`)},
			`pods cannot be created: admission webhook "w" denied the request: no`},
		"the newest": {[]corev1.Event{event(time.Second, "Error creating: second"), event(0, "Error creating: first")}, "pods cannot be created: second"},
	}
	for name, c := range cases {
		if got := refusal(c.events); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestSooner(t *testing.T) {
	for _, c := range [][3]time.Duration{{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {1, 2, 1}, {2, 1, 1}} {
		if got := sooner(c[0], c[1]); got != c[2] {
			t.Errorf("sooner(%d, %d) = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}
