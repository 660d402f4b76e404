// SPDX-License-Identifier: Apache-2.0

package tiers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

var now = time.Date(2026, 7, 26, 12, 0, 0, 0, time.UTC)

func TestOf(t *testing.T) {
	c := &v1alpha1.SupersetWebWorker{}
	c.Generation, c.Spec.Fence, c.Spec.Release, c.Spec.Mode = 4, 7, "r", v1alpha1.ModeServe
	c.Status = v1alpha1.ComponentStatus{ObservedGeneration: 4, Fence: 7, Conditions: []metav1.Condition{{Type: "Ready", Status: "True"}}}
	pod := func(release string, ready, ending bool) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelRelease: release}}}
		if ready {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		}
		if ending {
			p.DeletionTimestamp = &metav1.Time{Time: now}
		}
		return p
	}
	mine := components.TierHash(&c.Spec.ComponentSpec)
	pods := []*corev1.Pod{pod(mine, true, false), pod("old", true, false), pod("old", true, true), pod(mine, false, false)}
	want := state.Tier{Exists: true, Release: "r", Fence: 7, Mode: v1alpha1.ModeServe, Current: true, Settled: true, Pods: 4, Stray: 1, Ready: 2}
	if diff := cmp.Diff(want, Of(c, pods)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for name, edit := range map[string]func(*v1alpha1.SupersetWebWorker){
		"an older generation": func(c *v1alpha1.SupersetWebWorker) { c.Status.ObservedGeneration = 3 },
		"an older fence":      func(c *v1alpha1.SupersetWebWorker) { c.Status.Fence = 6 },
	} {
		stale := c.DeepCopy()
		edit(stale)
		if got := Of(stale, nil); got.Current || got.Settled {
			t.Errorf("Ready is for %s: %+v", name, got)
		}
	}
	c.Status.Conditions[0].Status = "False"
	if got := Of(c, nil); !got.Current || got.Settled {
		t.Errorf("not ready: %+v", got)
	}
}

// The images of a tier are those that the kubelet reports for the Superset container. Terminating
// pods, pods of another release and other containers are ignored.
func TestImagesOfATier(t *testing.T) {
	c := &v1alpha1.SupersetWebWorker{}
	c.Spec.Release = "r"
	mine := components.TierHash(&c.Spec.ComponentSpec)
	pod := func(release, id string) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelRelease: release}}}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "mesh", ImageID: "mesh@sha256:" + id}, {Name: "superset", ImageID: id}}
		return p
	}
	ending := pod(mine, "registry.example.com/superset@sha256:c")
	ending.DeletionTimestamp = &metav1.Time{Time: now}
	for name, c2 := range map[string]struct {
		pods         []*corev1.Pod
		image, other string
	}{
		"one image":        {[]*corev1.Pod{pod(mine, "mirror.example.com/superset@sha256:a"), pod(mine, "registry.example.com/superset@sha256:a"), pod(mine, "")}, "sha256:a", ""},
		"two images":       {[]*corev1.Pod{pod(mine, "r@sha256:b"), pod(mine, "r@sha256:a"), pod(mine, "r@sha256:b")}, "sha256:a", "sha256:b"},
		"another release":  {[]*corev1.Pod{pod(mine, "r@sha256:a"), pod("old", "r@sha256:b")}, "sha256:a", ""},
		"terminating pod":  {[]*corev1.Pod{pod(mine, "r@sha256:a"), ending}, "sha256:a", ""},
		"without a digest": {[]*corev1.Pod{pod(mine, "sha256:a")}, "sha256:a", ""},
	} {
		if got := Of(c, c2.pods); got.Image != c2.image || got.OtherImage != c2.other {
			t.Errorf("%s: %q and %q, want %q and %q", name, got.Image, got.OtherImage, c2.image, c2.other)
		}
	}
}

// The last restart of a tier is that of any container in a pod of its release. A terminated
// container counts before it is restarted.
func TestRestartsOfATier(t *testing.T) {
	c := &v1alpha1.SupersetWebWorker{}
	c.Spec.Release = "r"
	ended := func(seconds int, exit int32) *corev1.ContainerStateTerminated {
		return &corev1.ContainerStateTerminated{ExitCode: exit, Reason: "Error", FinishedAt: metav1.NewTime(now.Add(time.Duration(seconds) * time.Second))}
	}
	pod := func(release string, last, current *corev1.ContainerStateTerminated) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelRelease: release}}}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "superset"}, {Name: "proxy"}}
		p.Status.ContainerStatuses[0].LastTerminationState.Terminated = last
		p.Status.ContainerStatuses[1].State.Terminated = current
		return p
	}
	mine := components.TierHash(&c.Spec.ComponentSpec)
	ending := pod(mine, ended(9, 1), nil)
	ending.DeletionTimestamp = &metav1.Time{Time: now}
	for name, want := range map[string]struct {
		pods    []*corev1.Pod
		after   int
		restart string
	}{
		"never":           {[]*corev1.Pod{pod(mine, nil, nil)}, 0, ""},
		"last restart":    {[]*corev1.Pod{pod(mine, ended(2, 1), nil), pod(mine, ended(5, 137), nil), pod(mine, ended(3, 2), nil)}, 5, "container superset ended with exit code 137 (Error)"},
		"not yet started": {[]*corev1.Pod{pod(mine, ended(2, 1), ended(4, 3))}, 4, "container proxy ended with exit code 3 (Error)"},
		"other pods":      {[]*corev1.Pod{pod("old", ended(5, 1), nil), ending}, 0, ""},
	} {
		got := Of(c, want.pods)
		at := time.Time{}
		if want.after > 0 {
			at = now.Add(time.Duration(want.after) * time.Second)
		}
		if !got.RestartedAt.Equal(at) || got.Restart != want.restart {
			t.Errorf("%s: %s, %q", name, got.RestartedAt, got.Restart)
		}
	}
}

func TestLowestVersion(t *testing.T) {
	pod := func(version string, ending bool) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelVersion: version}}}
		if ending {
			p.DeletionTimestamp = &metav1.Time{Time: now}
		}
		return p
	}
	got := LowestVersion(nil, []*corev1.Pod{pod("6.0.0", false), pod("5.0.0", false), pod("4.1.0", true), pod("nonsense", false), pod("10.0.0", false)})
	if got == nil || got.Original() != "5.0.0" {
		t.Errorf("got %v", got)
	}
	if got := LowestVersion(nil, nil); got != nil {
		t.Errorf("no pod runs %v", got)
	}
}
