// SPDX-License-Identifier: Apache-2.0

package components

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

func raw(text string) *runtime.RawExtension {
	if text == "" {
		return nil
	}
	return &runtime.RawExtension{Raw: []byte(text)}
}

// An invalid podTemplate is rejected with the path of the field, for every podTemplate
// of the spec.
func TestPatchErrorsNameTheField(t *testing.T) {
	cases := map[string]struct{ patch, want string }{
		"unknown": {`{"spec":{"nodeSelectr":{"a":"b"}}}`, `unknown field "spec.nodeSelectr"`},
		"deep":    {`{"spec":{"containers":[{"name":"superset","resources":{"limit":{}}}]}}`, `unknown field "spec.containers[0].resources.limit"`},
		"case":    {`{"spec":{"Containers":[]}}`, `unknown field "spec.Containers"`},
		// encoding/json would take it for hostNetwork.
		"folded letter": {`{"spec":{"ho\u017ftNetwork":true}}`, "unknown field"},
		"misplaced":     {`{"containers":[]}`, `unknown field "containers"`},
		"two":           {`{"spec":{"a":1},"b":2}`, `unknown field "b"`},
		"type":          {`{"spec":{"terminationGracePeriodSeconds":"long"}}`, "terminationGracePeriodSeconds"},
		"list for map":  {`{"spec":{"containers":{"name":"superset"}}}`, "spec.containers"},
		"in a patch":    {`{"spec":{"containers":[{"$patch":"replace"},{"name":"x","imagee":"y"}]}}`, "imagee"},
		"not an object": {`"spec"`, "is not a pod template"},
	}
	places := map[string]func(*v1alpha1.Superset, *runtime.RawExtension){
		"spec.podTemplate":           func(s *v1alpha1.Superset, p *runtime.RawExtension) { s.Spec.PodTemplate = p },
		"spec.web.podTemplate":       func(s *v1alpha1.Superset, p *runtime.RawExtension) { s.Spec.Web.PodTemplate = p },
		"spec.worker.podTemplate":    func(s *v1alpha1.Superset, p *runtime.RawExtension) { s.Spec.Worker.PodTemplate = p },
		"spec.scheduler.podTemplate": func(s *v1alpha1.Superset, p *runtime.RawExtension) { s.Spec.Scheduler.PodTemplate = p },
		"spec.jobs.podTemplate": func(s *v1alpha1.Superset, p *runtime.RawExtension) {
			s.Spec.Jobs = &v1alpha1.JobsSpec{PodSettings: v1alpha1.PodSettings{PodTemplate: p}}
		},
	}
	for name, c := range cases {
		for path, put := range places {
			s := read(t, "plain")
			put(s, raw(c.patch))
			_, err := ReleaseOf(s, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path+" is not") {
				t.Errorf("%s at %s: got %v, want an error of that path with %q", name, path, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: a message of several lines: %v", name, err)
			}
		}
	}
}

func TestPatchesThatAreFine(t *testing.T) {
	for _, patch := range []string{
		"", `{}`, `null`, `{"metadata":null}`,
		`{"spec":{"$retainKeys":["containers"],"containers":[]}}`,
		`{"spec":{"containers":[{"name":"superset","$patch":"delete"}]}}`,
		`{"spec":{"$setElementOrder/containers":[{"name":"superset"}]}}`,
	} {
		s := read(t, "plain")
		s.Spec.Web.PodTemplate = raw(patch)
		if _, err := ReleaseOf(s, nil); err != nil {
			t.Errorf("%s: %v", patch, err)
		}
	}
}

// A standalone component does not pass Validate: its patch is rejected when its
// Deployment is rendered.
func TestComponentAloneRefusesAWrongPatch(t *testing.T) {
	c := component(t, read(t, "plain"), Web)
	c.ComponentSpec().PodTemplate = raw(`{"spec":{"nodeSelectr":{"a":"b"}}}`)
	_, err := Deployment(Describe(Web), c, nil, Platform{})
	if err == nil || !strings.Contains(err.Error(), `spec.podTemplate is not a pod template: unknown field "spec.nodeSelectr"`) {
		t.Errorf("got %v, want an error with the field's path", err)
	}
}

// A patch cannot change the labels that select and identify pods.
func TestPatchCannotChangeOurLabels(t *testing.T) {
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"ours": "1", "also": "2"}}}
	cases := map[string]struct {
		patch string
		want  map[string]string
	}{
		"none":            {"", map[string]string{"ours": "1", "also": "2"}},
		"other value":     {`{"metadata":{"labels":{"ours":"9","theirs":"3"}}}`, map[string]string{"ours": "1", "also": "2", "theirs": "3"}},
		"removed":         {`{"metadata":{"labels":{"ours":null}}}`, map[string]string{"ours": "1", "also": "2"}},
		"no labels":       {`{"metadata":{"labels":null}}`, map[string]string{"ours": "1", "also": "2"}},
		"no metadata":     {`{"metadata":null}`, map[string]string{"ours": "1", "also": "2"}},
		"replaced":        {`{"metadata":{"$patch":"replace","labels":{"theirs":"3"}}}`, map[string]string{"ours": "1", "also": "2", "theirs": "3"}},
		"deleted":         {`{"metadata":{"$patch":"delete"}}`, map[string]string{"ours": "1", "also": "2"}},
		"all of it":       {`{"$patch":"delete"}`, map[string]string{"ours": "1", "also": "2"}},
		"other instance":  {`{"metadata":{"labels":{"also":""}}}`, map[string]string{"ours": "1", "also": "2"}},
		"null is nothing": {`null`, map[string]string{"ours": "1", "also": "2"}},
	}
	for name, c := range cases {
		got, err := Patch(template, raw(c.patch))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got.Labels); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Applying the merged patch has the same result as applying the patch for all pods and
// then that of the component.
func TestMergedPatchIsBothInTurn(t *testing.T) {
	template := corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		NodeSelector: map[string]string{"os": "linux"},
		Containers:   []corev1.Container{{Name: MainContainer, Image: "x", Env: []corev1.EnvVar{{Name: "A", Value: "1"}}}},
	}}
	patches := []string{
		`{"spec":{"nodeSelector":{"zone":"a"}}}`,
		`{"spec":{"nodeSelector":{"zone":"b","os":null}}}`,
		`{"spec":{"tolerations":null}}`,
		`{"spec":{"containers":[{"name":"superset","env":[{"name":"A","value":"2"},{"name":"B","value":"3"}]}]}}`,
		`{"spec":{"containers":[{"name":"superset","env":[{"name":"B","$patch":"delete"},{"name":"C","value":"4"}]}]}}`,
		`{"spec":{"containers":[{"name":"side","image":"y"}]}}`,
		`{"metadata":{"labels":{"team":"x"}}}`,
		`{"spec":{"priorityClassName":"high","tolerations":[{"key":"a","operator":"Exists"}]}}`,
	}
	byOne := func(t *testing.T, ps ...*runtime.RawExtension) corev1.PodTemplateSpec {
		t.Helper()
		out := template
		for _, p := range ps {
			var err error
			if out, err = Patch(out, p); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	for _, base := range patches {
		for _, over := range patches {
			merged, err := mergePatches(raw(base), raw(over))
			if err != nil {
				t.Fatalf("%s + %s: %v", base, over, err)
			}
			want, got := byOne(t, raw(base), raw(over)), byOne(t, merged)
			if diff := cmp.Diff(environment(want), environment(got)); diff != "" {
				t.Errorf("%s, then %s (-in turn +merged):\n%s", base, over, diff)
			}
		}
	}
}

// environment returns what the test compares, without the order of containers and
// variables, which merging does not preserve.
func environment(p corev1.PodTemplateSpec) map[string]any {
	out := map[string]any{"labels": p.Labels, "selector": p.Spec.NodeSelector, "priority": p.Spec.PriorityClassName, "tolerations": p.Spec.Tolerations}
	for _, c := range p.Spec.Containers {
		out["image of "+c.Name] = c.Image
		for _, e := range c.Env {
			out[c.Name+" "+e.Name] = e.Value
		}
	}
	return out
}

// A variable of the user replaces the default of the same name: the API server rejects
// duplicate names.
func TestEnvironmentHasNoDuplicates(t *testing.T) {
	s := read(t, "plain")
	s.Spec.Web.Env = []v1alpha1.EnvVar{{Name: "SUPERSET_PORT", Value: "9000"}, {Name: "B", Value: "2"}}
	pod := deployment(t, component(t, s, Web), Web, nil).Spec.Template.Spec
	values := map[string]string{}
	for _, e := range pod.Containers[0].Env {
		if _, ok := values[e.Name]; ok {
			t.Errorf("%s is set twice", e.Name)
		}
		values[e.Name] = e.Value
	}
	if values["SUPERSET_PORT"] != "9000" || values["B"] != "2" {
		t.Errorf("got %v", values)
	}
}
