// SPDX-License-Identifier: Apache-2.0

package component

import (
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
)

var now = time.Unix(1_700_000_000, 0)

func TestComponentStatus(t *testing.T) {
	settled, rolling := components.Health{Settled: true, Replicas: 2, Ready: 2}, components.Health{Replicas: 3, Ready: 2}
	blocked := components.Health{Replicas: 1, Blocked: "container superset crashes"}
	cases := map[string]struct {
		health       components.Health
		seen         int64
		mode         v1alpha1.Mode
		none         bool
		ready        metav1.ConditionStatus
		reason, text string
		available    metav1.ConditionStatus
		kstatus      status.Status
	}{
		"settled":          {settled, 1, "", false, "True", "Ready", "version 6.0.0 is running", "True", status.CurrentStatus},
		"rolling":          {health: rolling, seen: 1, none: true}, // status is written at the end of the roll
		"pod deleted":      {rolling, 4, "", false, "False", "Rolling", "", "True", status.InProgressStatus},
		"blocked":          {blocked, 1, "", false, "False", "Blocked", "crashes", "False", status.InProgressStatus},
		"settled, blocked": {components.Health{Settled: true, Ready: 1, Blocked: "x"}, 4, "", false, "False", "Blocked", "x", "True", status.InProgressStatus},
		"held":             {components.Health{Settled: true}, 1, v1alpha1.ModeHold, false, "True", "Held", "zero pods", "False", status.CurrentStatus},
		"held, pod ending": {health: components.Health{Replicas: 1}, seen: 1, mode: v1alpha1.ModeHold, none: true},
	}
	for name, c := range cases {
		w := &v1alpha1.SupersetWebWorker{TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "SupersetWebWorker"}}
		w.Name, w.Generation, w.Spec.Version, w.Spec.Fence, w.Spec.Mode = "bi", 4, "6.0.0", 7, c.mode
		w.Status.ObservedGeneration, w.Status.Fence = c.seen, 6
		got := statusOf(w, c.health, components.Web, now)
		if (got == nil) != c.none {
			t.Errorf("%s: status %+v", name, got)
		}
		if got == nil {
			continue
		}
		if got.ObservedGeneration != 4 || got.Fence != 7 || got.Version != "6.0.0" || got.Replicas != c.health.Replicas || got.ReadyReplicas != c.health.Ready {
			t.Errorf("%s: %+v", name, got)
		}
		if want := "app.kubernetes.io/component=web,app.kubernetes.io/instance=bi,app.kubernetes.io/name=superset"; got.Selector != want {
			t.Errorf("%s: selector %s", name, got.Selector)
		}
		ready, available := meta.FindStatusCondition(got.Conditions, "Ready"), meta.FindStatusCondition(got.Conditions, "Available")
		if ready.Status != c.ready || ready.Reason != c.reason || !strings.Contains(ready.Message, c.text) || available.Status != c.available {
			t.Errorf("%s: %+v, %+v", name, ready, available)
		}
		w.Status = *got
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(w)
		if err != nil {
			t.Fatal(err)
		}
		if k, err := status.Compute(&unstructured.Unstructured{Object: content}); err != nil || k.Status != c.kstatus {
			t.Errorf("%s: kstatus %v, %v, want %s", name, k, err, c.kstatus)
		}
		later := statusOf(w, c.health, components.Web, now.Add(time.Hour))
		if diff := cmp.Diff(got, later); diff != "" {
			t.Errorf("%s: an hour later the status differs (-first +second):\n%s", name, diff)
		}
	}
}
