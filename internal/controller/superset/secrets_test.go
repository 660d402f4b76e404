// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
)

// A Secret that changes begins a run of a Superset that is Ready, once, with one event. It does not
// try again what failed or was rolled back.
func TestChangedSecretBeginsARun(t *testing.T) {
	for phase, begins := range map[v1alpha1.Phase]bool{v1alpha1.PhaseReady: true, v1alpha1.PhaseRolledBack: false, v1alpha1.PhaseFailed: false} {
		s, c := fleet(t, 0)
		s.Spec.RefreshSecrets, s.Status.Phase = []v1alpha1.SecretName{"keys"}, phase
		s.Status.Upgrade.HeldRelease = s.Status.Release
		keys := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "keys", Namespace: s.Namespace}}
		if err := c.Create(t.Context(), keys); err != nil {
			t.Fatal(err)
		}
		r, at, recorder := cached(c), now, events.NewFakeRecorder(10)
		r.Secrets.Live, r.Events, r.Now = c.WithWatch, recorder, func() time.Time { return at }
		decided := func() lifecycle.Decision {
			t.Helper()
			at = at.Add(time.Hour)
			w, err := r.observe(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			d, err := r.decide(t.Context(), s, w)
			if err != nil {
				t.Fatal(err)
			}
			status, err := nextStatus(s, w, &d)
			if err != nil {
				t.Fatal(err)
			}
			before := s.Status.Phase
			s = s.DeepCopy()
			s.Status = *status
			r.recordEvents(s, w, &d, before)
			return d
		}
		if d := decided(); d.Kind == lifecycle.KindMove {
			t.Errorf("%s: the first look is %q", phase, d.Move.Event)
		}
		keys.Labels = map[string]string{"rotated": "yes"}
		if err := c.Patch(t.Context(), keys, client.Merge); err != nil {
			t.Fatal(err)
		}
		release := s.Status.Upgrade.ToRelease
		if d := decided(); (d.Move.Event == lifecycle.Begin) != begins {
			t.Errorf("%s: %q after a change", phase, d.Move.Event)
		}
		if changed := s.Status.Upgrade.ToRelease != release; changed != begins {
			t.Errorf("%s: to release %s, before %s", phase, s.Status.Upgrade.ToRelease, release)
		}
		if d := decided(); d.Move.Event == lifecycle.Begin {
			t.Errorf("%s: begins again", phase)
		}
		reported := 0
		for len(recorder.Events) > 0 {
			if strings.HasPrefix(<-recorder.Events, "Normal SecretChanged Secret keys has changed") {
				reported++
			}
		}
		if reported > 0 != begins || reported > 1 {
			t.Errorf("%s: %d events", phase, reported)
		}
	}
}
