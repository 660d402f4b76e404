// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// readyPods counts the ready pods of a component.
func (f *fixture) readyPods(component string) (n int) {
	f.t.Helper()
	var pods corev1.PodList
	must(f.t, k8s.List(f.t.Context(), &pods, client.InNamespace(f.ns), client.MatchingLabels{v1alpha1.LabelComponent: component}))
	for i := range pods.Items {
		if podIsReady(&pods.Items[i]) {
			n++
		}
	}
	return n
}

// From the version change to Ready a ready pod is always behind the Service: of
// web or of the maintenance page. The name and the address of the Service do not
// change.
func TestMaintenancePage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain))
	service := &corev1.Service{}
	must(t, k8s.Get(t.Context(), f.key, service))
	f.rec.also(t, f.ns, &corev1.ServiceList{})
	f.edit(version("6.0.0"))
	bump, err := strconv.ParseInt(f.get().ResourceVersion, 10, 64)
	must(t, err)
	f.ready("6.0.0")

	front, pods, paged := "web", map[string]*corev1.Pod{}, false
	ready := func(component string) bool {
		for _, pod := range pods {
			if pod.Labels[v1alpha1.LabelComponent] == component && podIsReady(pod) {
				return true
			}
		}
		return false
	}
	for _, c := range f.rec.changes() {
		switch o := c.obj.(type) {
		case *corev1.Service:
			front = o.Spec.Selector[v1alpha1.LabelComponent]
			paged = paged || front == "maintenance"
			if o.UID != service.UID || o.Spec.ClusterIP != service.Spec.ClusterIP {
				t.Errorf("at %d the Service was replaced", c.at)
			}
		case *corev1.Pod:
			if pods[o.Name] = o; c.gone {
				delete(pods, o.Name)
			}
		default:
			continue
		}
		if c.at > bump && !ready(front) {
			t.Errorf("at %d no pod is ready behind the Service, which selects %s", c.at, front)
		}
	}
	if !paged {
		t.Error("the Service never selected the maintenance page")
	}
	eventually(t, "the page is deleted", func() bool { return f.page() == nil && f.readyPods("maintenance") == 0 })
	if meta.FindStatusCondition(f.get().Status.Conditions, v1alpha1.ConditionMaintenancePage) != nil {
		t.Error("the condition remains after the page was deleted")
	}
}

func page(spec v1alpha1.MaintenancePageSpec) func(*v1alpha1.Superset) {
	return func(s *v1alpha1.Superset) { s.Spec.Upgrade.MaintenancePage = spec }
}

func (f *fixture) page() *appsv1.Deployment {
	f.t.Helper()
	d := &appsv1.Deployment{}
	err := k8s.Get(f.t.Context(), client.ObjectKey{Namespace: f.ns, Name: "bi-maintenance"}, d)
	if client.IgnoreNotFound(err) != nil {
		f.t.Fatal(err)
	}
	if err != nil {
		return nil
	}
	return d
}

// A page whose image cannot be pulled is reported, and the upgrade continues.
func TestMaintenancePageCannotStart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain), page(v1alpha1.MaintenancePageSpec{Image: "registry.example.com/page:1-unpullable"}))
	f.rec.forget()
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	said := false
	for _, c := range f.rec.changes() {
		if s, ok := c.obj.(*v1alpha1.Superset); ok {
			page := condition(s, v1alpha1.ConditionMaintenancePage)
			said = said || page.Status == metav1.ConditionFalse && page.Reason == v1alpha1.ReasonBlocked
		}
	}
	if !said {
		t.Error("no condition reports that the page cannot start")
	}
	eventually(t, "the page is deleted", func() bool { return f.page() == nil })
}

// A foreign Deployment with the name of the page is not changed, and the conflict
// is reported.
func TestMaintenancePageNameTaken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain))
	zero := int32(0)
	foreign := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "bi-maintenance", Namespace: f.ns}, Spec: appsv1.DeploymentSpec{
		Replicas: &zero, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "other"}},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "other"}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "registry.example.com/other:1"}}}}}}
	must(t, k8s.Create(t.Context(), foreign))
	f.rec.forget()
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	said := false
	for _, c := range f.rec.changes() {
		if s, ok := c.obj.(*v1alpha1.Superset); ok {
			said = said || strings.Contains(condition(s, v1alpha1.ConditionMaintenancePage).Message, "bi-maintenance exists and is not controlled by this object")
		}
	}
	if !said {
		t.Error("no condition reports that the page's name is taken")
	}
	if page := f.page(); page == nil || page.UID != foreign.UID || *page.Spec.Replicas != 0 {
		t.Errorf("the foreign Deployment is %+v", page)
	}
}

func TestMaintenancePageDisabled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	off := false
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain), page(v1alpha1.MaintenancePageSpec{Enabled: &off}))
	f.rec.forget()
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	f.rec.livePods("maintenance", func(at int64, pods []*corev1.Pod) {
		if len(pods) > 0 {
			t.Errorf("at %d a page exists although it is disabled", at)
		}
	})
}

// The rollback of a Drain keeps the page until the previous release of web is
// ready.
func TestMaintenancePageDuringRollback(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain))
	f.edit(version("6.0.0"), tag("6.0.0-migrate-fails"))
	f.rolledBack("5.0.0")
	eventually(t, "the page is deleted and web is ready", func() bool { return f.page() == nil && f.readyPods("web") == 2 })
	service := &corev1.Service{}
	must(t, k8s.Get(t.Context(), f.key, service))
	if got := service.Spec.Selector[v1alpha1.LabelComponent]; got != "web" {
		t.Errorf("the Service selects %q", got)
	}
}

// A Drain keeps web, and its traffic, until the last task of a worker has ended. The conditions
// say that asynchronous queries wait.
func TestDrainStopsWebLast(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	slow := func(s *v1alpha1.Superset) {
		s.Spec.Worker.PodTemplate = &runtime.RawExtension{Raw: []byte(`{"metadata":{"annotations":{"pod-delete.test/delay":"8s"}}}`)}
	}
	f.install("5.0.0", strategy(v1alpha1.StrategyDrain), slow)
	f.rec.also(t, f.ns, &corev1.ServiceList{})
	f.edit(version("6.0.0"))
	s := f.phase(v1alpha1.PhaseDBMigrate)
	contains(t, f.message(s), "asynchronous queries wait until the workers run again")
	f.ready("6.0.0")
	front, workers, waited := "web", map[string]bool{}, false
	for _, c := range f.rec.changes() {
		switch o := c.obj.(type) {
		case *corev1.Service:
			front = o.Spec.Selector[v1alpha1.LabelComponent]
		case *corev1.Pod:
			old := o.Labels[v1alpha1.LabelVersion] == "5.0.0"
			component := o.Labels[v1alpha1.LabelComponent]
			switch {
			case !old:
			case component == "worker" && c.gone:
				delete(workers, o.Name)
			case component == "worker":
				workers[o.Name] = true
				waited = waited || o.DeletionTimestamp != nil
			case component == "web" && o.DeletionTimestamp != nil && len(workers) > 0:
				t.Errorf("at %d web pod %s stops while the workers %v have not ended", c.at, o.Name, workers)
			}
		default:
			continue
		}
		if front == "maintenance" && len(workers) > 0 {
			t.Errorf("at %d users see the maintenance page while the workers %v have not ended", c.at, workers)
		}
	}
	if !waited {
		t.Error("no worker pod was seen to end")
	}
}
