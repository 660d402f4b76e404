// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

var forward = []v1alpha1.Phase{"Validate", "DBMigrate", "UpgradeScheduler", "UpgradeWorkers", "UpgradeWeb", "Verify", "Ready"}

func TestInstall(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	if diff := cmp.Diff(append([]v1alpha1.Phase{""}, forward...), f.rec.phases()); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	f.tiersInOrder("5.0.0")
	f.neverTwoBeats()
	s := f.get()
	if len(s.Status.History) != 1 || s.Status.History[0].Kind != "Install" || s.Status.History[0].Result != "Succeeded" {
		t.Errorf("history: %+v", s.Status.History)
	}
	if got := simulated.Revision(f.ns, "bi"); got != "74ad1125881c" {
		t.Errorf("the database is at %q, not at the head of 5.0.0", got)
	}
}

func TestUpgradeRolling(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyRolling))
	f.rec.forget()
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	if diff := cmp.Diff(append([]v1alpha1.Phase{"Ready"}, forward...), f.rec.phases()); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	f.tiersInOrder("6.0.0")
	f.neverTwoBeats()
	seen := 0
	f.rec.livePods("web", func(at int64, pods []*corev1.Pod) {
		ready := 0
		for _, pod := range pods {
			if podIsReady(pod) {
				ready++
			}
		}
		seen = max(seen, ready)
		if seen >= 2 && ready < 2 { // the record begins when the pods already exist
			t.Errorf("at %d only %d web pods are ready", at, ready)
		}
	})
	if n := simulated.Migrations(f.ns, "bi"); n.Finished != 2 || n.AtOnce != 1 {
		t.Errorf("migrations: %+v, want one for the install and one for the upgrade, never two at once", n)
	}
}

func TestUpgradeDrain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain))
	f.rec.forget()
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	f.tiersInOrder("6.0.0")
	f.neverTwoBeats()
	// While the migrate pod runs, no pod of any tier exists, not even one that is
	// ending.
	tiers, migrating := map[string]bool{}, false
	for _, c := range f.rec.changes() {
		pod, ok := c.obj.(*corev1.Pod)
		if !ok {
			continue
		}
		switch component := pod.Labels[v1alpha1.LabelComponent]; {
		case component == "job" && pod.Labels[v1alpha1.LabelScript] == "migrate":
			migrating = !c.gone && pod.Status.Phase != corev1.PodSucceeded
			if migrating && len(tiers) > 0 {
				t.Errorf("at %d pods %v exist while the migration runs", c.at, tiers)
			}
		case component == "job", component == "maintenance":
		case c.gone:
			delete(tiers, pod.Name)
		default:
			tiers[pod.Name] = true
		}
	}
}

func TestConfigChangeSkipsTheMigration(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("6.0.0")
	f.rec.forget()
	f.edit(func(s *v1alpha1.Superset) { s.Spec.Config.Raw = "ROW_LIMIT = 5000\n" })
	f.phase("Validate")
	f.ready("6.0.0")
	want := []v1alpha1.Phase{"Ready", "Validate", "UpgradeScheduler", "UpgradeWorkers", "UpgradeWeb", "Verify", "Ready"}
	if diff := cmp.Diff(want, f.rec.phases()); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
}

// A change of one tier restarts no other.
func TestOneTierChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("6.0.0")
	f.rec.forget()
	f.edit(func(s *v1alpha1.Superset) { s.Spec.Worker.Env = []v1alpha1.EnvVar{{Name: "EXAMPLE", Value: "1"}} })
	f.phase("Validate")
	f.ready("6.0.0")
	f.rec.livePods("web", func(at int64, pods []*corev1.Pod) {
		for _, pod := range pods {
			if pod.DeletionTimestamp != nil {
				t.Errorf("at %d web pod %s is deleted, although only the workers changed", at, pod.Name)
			}
		}
	})
}

func TestComponentRemovedWithVersionChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0")
	f.rec.forget()
	f.edit(version("6.0.0"), func(s *v1alpha1.Superset) { s.Spec.Worker, s.Spec.Scheduler = nil, nil })
	f.ready("6.0.0")
	if diff := cmp.Diff(append([]v1alpha1.Phase{"Ready"}, forward...), f.rec.phases()); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	eventually(t, "worker and scheduler are deleted", func() bool {
		var pods corev1.PodList
		must(t, k8s.List(t.Context(), &pods, client.InNamespace(f.ns)))
		for _, pod := range pods.Items {
			if c := pod.Labels[v1alpha1.LabelComponent]; c == "worker" || c == "scheduler" {
				return false
			}
		}
		return true
	})
}
