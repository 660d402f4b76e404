// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// A move that was decided on a stale Superset is a conflict and has no event. On the current one
// it is recorded.
func TestRecordOnlyOnTheStoredState(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, changed := range []bool{true, false} {
		s, w := upgrading(t, v1alpha1.PhaseVerify)
		c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(s).WithStatusSubresource(s).Build()
		seen := &v1alpha1.Superset{}
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(s), seen); err != nil {
			t.Fatal(err)
		}
		if changed {
			other := seen.DeepCopy()
			other.Annotations = map[string]string{"changed": "since"}
			if err := c.Update(t.Context(), other); err != nil {
				t.Fatal(err)
			}
		}
		recorder := events.NewFakeRecorder(10)
		r := &Reconciler{Client: c, Events: recorder, written: lru.New(8)}
		w.Status = &seen.Status
		err := r.record(t.Context(), seen, w, &lifecycle.Decision{
			Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: lifecycle.Fail, Failed: true}, Reason: "CheckFailed", Message: "made to fail"})
		if _, waits := r.written.Get(s.UID); waits == changed {
			t.Errorf("changed %v: waits for its own patch: %v", changed, waits)
		}
		if apierrors.IsConflict(err) != changed || !changed && err != nil {
			t.Errorf("changed %v: %v", changed, err)
		}
		stored := &v1alpha1.Superset{}
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(s), stored); err != nil {
			t.Fatal(err)
		}
		if moved := stored.Status.Phase == v1alpha1.PhaseFailed; moved == changed || (len(recorder.Events) > 0) == changed {
			t.Errorf("changed %v: in %s, %d events", changed, stored.Status.Phase, len(recorder.Events))
		}
	}
}

// A persisted move is one line of the log, with the ids of the run and the reason. It has no
// message: that may have text of a Job. Anything else that is persisted is no line.
func TestMovesAreLogged(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		d    lifecycle.Decision
		want string
	}{
		"fails": {lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: lifecycle.Fail, Failed: true}, Reason: "CheckFailed", Message: "text of a Job"},
			`{"logger":"","level":0,"msg":"moved","from":"Verify","to":"Failed","event":"Fail","reason":"CheckFailed",` +
				`"upgradeRevision":2,"kind":"Upgrade","version":"6.0.0","release":"RELEASE"}`},
		"succeeds": {lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: lifecycle.Verified}},
			`{"logger":"","level":0,"msg":"moved","from":"Verify","to":"Ready","event":"Verified",` +
				`"upgradeRevision":2,"kind":"Upgrade","version":"6.0.0","release":"RELEASE"}`},
		"waits": {lifecycle.Decision{Kind: lifecycle.KindWait, Reason: v1alpha1.ReasonBlocked, Message: "text of a pod"}, ""},
	} {
		s, w := upgrading(t, v1alpha1.PhaseVerify)
		k := fake.NewClientBuilder().WithScheme(scheme).WithObjects(s).WithStatusSubresource(s).Build()
		seen := &v1alpha1.Superset{}
		if err := k.Get(t.Context(), client.ObjectKeyFromObject(s), seen); err != nil {
			t.Fatal(err)
		}
		var lines []string
		ctx := logf.IntoContext(t.Context(), funcr.NewJSON(func(line string) { lines = append(lines, line) }, funcr.Options{}))
		r := &Reconciler{Client: k, Events: events.NewFakeRecorder(10), written: lru.New(8)}
		w.Status = &seen.Status
		if err := r.record(ctx, seen, w, &c.d); err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(strings.Join(lines, "\n"), w.Desired.Hash, "RELEASE"); got != c.want {
			t.Errorf("%s: logged\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// value is the value or the count of a series in the metrics of the operator; 0 for none.
func value(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	families, err := registry.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var got []string
			for _, l := range m.GetLabel() {
				got = append(got, l.GetValue())
			}
			if f.GetName() == "superset_operator_"+name && slices.Equal(got, labels) {
				return m.GetCounter().GetValue() + m.GetHistogram().GetSampleSum()
			}
		}
	}
	return 0
}

// A persisted move counts the time of its phase and the Job that has caused it, although the
// status that follows has neither. One that is not persisted counts nothing.
func TestMovesAreMeasured(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, stale := range []bool{true, false} {
		s, w := upgrading(t, v1alpha1.PhaseVerify)
		k := fake.NewClientBuilder().WithScheme(scheme).WithObjects(s).WithStatusSubresource(s).Build()
		seen := &v1alpha1.Superset{}
		if err := k.Get(t.Context(), client.ObjectKeyFromObject(s), seen); err != nil {
			t.Fatal(err)
		}
		if stale {
			seen.ResourceVersion = "1"
		}
		w.Status = &seen.Status
		w.Verify = migrations.Progress{Name: "bi-verify-2", Attempt: 1, Done: true, FinishedAt: w.Now, Result: migrations.Result{Script: "verify"}}
		r := &Reconciler{Client: k, Events: events.NewFakeRecorder(10), written: lru.New(8)}
		attempts := func() float64 { return value(t, "job_attempts_total", "Succeeded", "verify") }
		work := func() float64 { return value(t, "upgrade_phase_working_seconds", "Verify") }
		attemptsBefore, workBefore := attempts(), work()
		err := r.record(t.Context(), seen, w, &lifecycle.Decision{Kind: lifecycle.KindMove, Move: lifecycle.Move{Event: lifecycle.Verified}})
		if (err != nil) != stale {
			t.Fatalf("stale %v: %v", stale, err)
		}
		wantAttempts, wantWork := 1.0, 60.0
		if stale {
			wantAttempts, wantWork = 0, 0
		}
		if n, seconds := attempts()-attemptsBefore, work()-workBefore; n != wantAttempts || seconds != wantWork {
			t.Errorf("stale %v: %v attempts and %vs of work, want %v and %v", stale, n, seconds, wantAttempts, wantWork)
		}
	}
}
