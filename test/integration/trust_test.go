// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/migrations/render"
)

// A ConfigMap with a name and the labels of ours is mounted only if this Superset controls
// it, it is immutable, and it has our content.
func TestForeignConfigMaps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of    func(*v1alpha1.Superset) *corev1.ConfigMap
		edit  func(*corev1.ConfigMap)
		owned bool
		why   string
	}{
		"scripts of somebody else": {of: scriptsOf, edit: replaceContent, why: "is not controlled by this object"},
		"config of somebody else":  {of: configOf, edit: replaceContent, why: "is not controlled by this object"},
		"no label":                 {of: scriptsOf, edit: func(cm *corev1.ConfigMap) { cm.Labels = nil }, why: "is not controlled by this object"},
		"other scripts":            {of: scriptsOf, edit: replaceContent, owned: true, why: "has different content"},
		"other config":             {of: configOf, edit: replaceContent, owned: true, why: "has different content"},
		"mutable scripts":          {of: scriptsOf, edit: func(cm *corev1.ConfigMap) { cm.Immutable = nil }, owned: true, why: "is not immutable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.create("5.0.0", paused(true))
			s := f.until("Paused", func(s *v1alpha1.Superset) bool {
				return condition(s, v1alpha1.ConditionPaused).Status == metav1.ConditionTrue
			})
			planted := c.of(s)
			if c.edit(planted); c.owned {
				planted.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(s, v1alpha1.GroupVersion.WithKind("Superset"))}
			}
			must(t, k8s.Create(t.Context(), planted))
			f.edit(paused(false))
			s = f.until("the conflict", func(s *v1alpha1.Superset) bool {
				return condition(s, v1alpha1.ConditionReady).Reason == v1alpha1.ReasonNameConflict
			})
			contains(t, f.message(s), "ConfigMap "+f.ns+"/"+planted.Name+" exists and "+c.why, "kubectl delete configmap -n "+f.ns+" "+planted.Name)
			for _, pod := range f.rec.changes() {
				if p, ok := pod.obj.(*corev1.Pod); ok {
					t.Errorf("pod %s was created", p.Name)
				}
			}
			must(t, k8s.Delete(t.Context(), planted))
			f.ready("5.0.0")
		})
	}
}

// A ConfigMap that was replaced while nothing changes is not given to the next Job.
func TestReplacedConfigMapIsNotGivenToTheNextJob(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.installed("5.0.0")
	planted := scriptsOf(s)
	must(t, k8s.Delete(t.Context(), planted.DeepCopy()))
	replaceContent(planted)
	eventually(t, "the ConfigMap is replaced", func() bool {
		planted.ResourceVersion = ""
		return k8s.Create(t.Context(), planted) == nil
	})
	f.edit(version("6.0.0"))
	f.until("the conflict", func(s *v1alpha1.Superset) bool {
		return condition(s, v1alpha1.ConditionReady).Reason == v1alpha1.ReasonNameConflict
	})
	if n := len(f.jobsNow("preflight")); n > 1 {
		t.Errorf("%d preflight Jobs: the second one mounts foreign scripts", n)
	}
	must(t, k8s.Delete(t.Context(), planted))
	f.ready("6.0.0")
}

// The ConfigMap of the maintenance page is checked too. The upgrade continues without a page.
func TestForeignPageConfigMap(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.installed("5.0.0", strategy(v1alpha1.StrategyDrain))
	planted := components.PageConfigMap(s)
	planted.Data = map[string]string{"page.py": "raise SystemExit"}
	must(t, k8s.Create(t.Context(), planted))
	f.rec.forget()
	f.edit(version("6.0.0"))
	f.ready("6.0.0")
	reported := false
	for _, c := range f.rec.changes() {
		if s, ok := c.obj.(*v1alpha1.Superset); ok {
			reported = reported || strings.Contains(condition(s, v1alpha1.ConditionMaintenancePage).Message, planted.Name+" exists and is not controlled by this object")
		}
		if pod, ok := c.obj.(*corev1.Pod); ok && pod.Labels[v1alpha1.LabelComponent] == string(components.Maintenance) {
			t.Errorf("pod %s mounts the foreign ConfigMap", pod.Name)
		}
	}
	if !reported {
		t.Error("no condition reports the conflict")
	}
}

// A standalone component mounts only a config of its own.
func TestForeignConfigOfStandaloneComponent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.component(components.Worker)
	c.ComponentSpec().Config = &v1alpha1.ConfigSpec{Raw: "ROW_LIMIT = 77\n"}
	planted, err := components.OwnConfig(c)
	must(t, err)
	replaceContent(planted)
	must(t, k8s.Create(t.Context(), planted))
	must(t, k8s.Create(t.Context(), c))
	message := ""
	eventually(t, "the conflict", func() bool {
		must(t, k8s.Get(t.Context(), client.ObjectKeyFromObject(c), c))
		for _, have := range c.ComponentStatus().Conditions {
			if have.Type == v1alpha1.ConditionReady {
				message = have.Reason + ": " + have.Message
			}
		}
		return message != ""
	})
	contains(t, message, v1alpha1.ReasonBlocked, planted.Name+" exists and is not controlled by this object")
	if n := len(f.tierPods()); n != 0 {
		t.Errorf("%d pods mount the foreign config", n)
	}
	must(t, k8s.Delete(t.Context(), planted))
	f.componentReady(c, "version 5.0.0 is running")
}

// Standalone components of one name with the same config have a ConfigMap each: one that
// another component controls would be a conflict.
func TestStandaloneComponentsOfOneName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, d := range components.Catalog {
		must(t, k8s.Create(t.Context(), f.component(d.Name)))
	}
	for _, d := range components.Catalog {
		f.componentReady(f.component(d.Name), "version 5.0.0 is running")
	}
}

func scriptsOf(s *v1alpha1.Superset) *corev1.ConfigMap {
	return render.ScriptsConfigMap(s.Name, s.Namespace)
}

func configOf(s *v1alpha1.Superset) *corev1.ConfigMap {
	release, err := components.ReleaseOf(s, nil)
	if err != nil {
		panic(err)
	}
	return components.ConfigMap(s.Name, s.Namespace, release.ConfigMap, release.Config, release.Files)
}

// replaceContent gives a ConfigMap foreign content: its archive if it has one, or else every file.
func replaceContent(cm *corev1.ConfigMap) {
	for file := range cm.BinaryData {
		cm.BinaryData[file] = []byte("print('foreign')")
	}
	if len(cm.BinaryData) > 0 {
		return // the archive of the scripts is enough
	}
	data := map[string]string{}
	for file := range cm.Data {
		data[file] = "print('foreign')"
	}
	cm.Data = data
}

// installed installs a Superset and returns it.
func (f *fixture) installed(version string, edits ...func(*v1alpha1.Superset)) *v1alpha1.Superset {
	f.t.Helper()
	f.create(version, edits...)
	return f.ready(version)
}
