// SPDX-License-Identifier: Apache-2.0

package components

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Installed operators have stored these hashes and labelled pods with them. If one of
// them changes for the same input, an operator upgrade does not recognize the stored
// releases and rolls out every Superset, or restarts every tier at once. A new field
// must be omitted from the JSON if it is empty. Do not change these values to make the
// test pass.
func TestHashesDoNotChange(t *testing.T) {
	spec := v1alpha1.ComponentSpec{
		RuntimeSpec: v1alpha1.RuntimeSpec{
			Version:       "6.0.0",
			SecretKeyFrom: v1alpha1.SecretKeyReference{Name: "bi", Key: "secret-key"},
			Database:      v1alpha1.DatabaseSpec{DatabaseConnection: v1alpha1.DatabaseConnection{URIFrom: &v1alpha1.SecretKeyReference{Name: "bi", Key: "database-uri"}}},
		},
		ConfigMapName: "bi-config-0123456789",
	}
	release := Release{
		Schema: 1, Renderer: 1, Runtime: spec.RuntimeSpec, Config: "ROW_LIMIT = 1\n", ConfigMap: spec.ConfigMapName,
		Tiers: map[Name]v1alpha1.PodSettings{Web: {}},
	}
	full := release
	full.Tiers = map[Name]v1alpha1.PodSettings{
		Web:       {Resources: &v1alpha1.Resources{Requests: requests("1500m", "2048Mi")}, Env: []v1alpha1.EnvVar{{Name: "A", Value: "1"}}, PodTemplate: raw(`{"spec":{"nodeSelector":{"zone":"a"}}}`)},
		Worker:    {Command: []string{"/opt/worker.sh"}, Args: []string{"a", "b"}},
		Scheduler: {},
	}
	fullSpec := spec
	fullSpec.PodSettings = full.Tiers[Web]
	for _, c := range []struct{ what, got, want string }{
		{"a text", Hash("superset"), "92c5ebe322"},
		{"a release", release.Hash(), "33ce559619"},
		{"a release with settings", full.Hash(), "a75ffd3a9c"},
		{"a tier", TierHash(&spec), "66744884d0"},
		{"a tier with settings", TierHash(&fullSpec), "7e3cc3673f"},
	} {
		if c.got != c.want {
			t.Errorf("the hash of %s is %s, want %s: a different hash rolls out every Superset at an operator upgrade", c.what, c.got, c.want)
		}
	}
}

// A stored release has the same hash after it is read again. An unknown layout is
// rejected.
func TestReleaseRoundTrip(t *testing.T) {
	for _, name := range []string{"plain", "full"} {
		before := releaseOf(t, read(t, name))
		raw, err := json.Marshal(before)
		if err != nil {
			t.Fatal(err)
		}
		after, err := ParseRelease(raw)
		if err != nil {
			t.Fatal(err)
		}
		if before.Hash() != after.Hash() {
			t.Errorf("%s: stored as %s, read as %s", name, before.Hash(), after.Hash())
		}
		again, err := json.Marshal(after)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(raw), string(again)); diff != "" {
			t.Errorf("%s (-stored +read):\n%s", name, diff)
		}
	}
	for text, want := range map[string]string{
		"":             "reading a stored release",
		"{}":           "layout 0",
		`{"schema":2}`: "layout 2, this operator supports 1",
	} {
		if _, err := ParseRelease([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}

// The input of pod templates is part of the release. Replicas, gates and the upgrade
// policy are not.
func TestWhatMakesAnotherRelease(t *testing.T) {
	three, limit := int32(3), int32(5)
	cases := map[string]struct {
		edit  func(*v1alpha1.SupersetSpec)
		other bool
	}{
		"nothing":  {func(*v1alpha1.SupersetSpec) {}, false},
		"replicas": {func(s *v1alpha1.SupersetSpec) { s.Web.Replicas, s.Worker.Replicas = &three, &three }, false},
		"paused":   {func(s *v1alpha1.SupersetSpec) { s.Paused = true }, false},
		"policy": {func(s *v1alpha1.SupersetSpec) {
			s.Upgrade = v1alpha1.UpgradeSpec{Strategy: "Rolling", OnFailure: "Hold"}
		}, false},
		"historyLimit": {func(s *v1alpha1.SupersetSpec) { s.HistoryLimit = &limit }, false},
		"version":      {func(s *v1alpha1.SupersetSpec) { s.Version = "6.0.1" }, true},
		"image":        {func(s *v1alpha1.SupersetSpec) { s.Image.Tag = "other" }, true},
		"digest":       {func(s *v1alpha1.SupersetSpec) { s.Image.Digest = "sha256:ab" }, true},
		"secret key":   {func(s *v1alpha1.SupersetSpec) { s.SecretKeyFrom.Name = "other" }, true},
		"database":     {func(s *v1alpha1.SupersetSpec) { s.Database.URIFrom.Key = "other" }, true},
		"key prefix":   {func(s *v1alpha1.SupersetSpec) { s.Cache.KeyPrefix = "bi" }, true},
		"config":       {func(s *v1alpha1.SupersetSpec) { s.Config.Raw = "ROW_LIMIT = 1" }, true},
		"web's env":    {func(s *v1alpha1.SupersetSpec) { s.Web.Env = []v1alpha1.EnvVar{{Name: "A"}} }, true},
		"all env":      {func(s *v1alpha1.SupersetSpec) { s.Env = v1alpha1.EnvVars{{Name: "A"}} }, true},
		"envFrom":      {func(s *v1alpha1.SupersetSpec) { s.EnvFrom = envFrom("a") }, true},
		"flags":        {func(s *v1alpha1.SupersetSpec) { s.FeatureFlags = map[string]bool{"A": false} }, true},
		"settings": {func(s *v1alpha1.SupersetSpec) {
			s.Config.Settings = map[string]apiextensionsv1.JSON{"A": {Raw: []byte("1")}}
		}, true},
		"a file": {func(s *v1alpha1.SupersetSpec) {
			s.Config.Files = map[string]v1alpha1.ConfigFile{"a": {Value: new(string)}}
		}, true},
		"celery":      {func(s *v1alpha1.SupersetSpec) { s.Worker.Celery = &v1alpha1.CelerySpec{Prefetch: &three} }, true},
		"gunicorn":    {func(s *v1alpha1.SupersetSpec) { s.Web.Gunicorn = &v1alpha1.GunicornSpec{Threads: &three} }, true},
		"no options":  {func(s *v1alpha1.SupersetSpec) { s.Web.Gunicorn = &v1alpha1.GunicornSpec{} }, false},
		"revision":    {func(s *v1alpha1.SupersetSpec) { s.Config.Revision = "2" }, false}, // nothing is copied
		"worker gone": {func(s *v1alpha1.SupersetSpec) { s.Worker = nil }, true},
		"all pods":    {func(s *v1alpha1.SupersetSpec) { s.PodTemplate = raw(`{"spec":{"hostname":"x"}}`) }, true},
		"Jobs' pods": {func(s *v1alpha1.SupersetSpec) {
			s.Jobs = &v1alpha1.JobsSpec{PodSettings: v1alpha1.PodSettings{Args: []string{"x"}}}
		}, true},
		"empty blocks": {func(s *v1alpha1.SupersetSpec) { s.Jobs = &v1alpha1.JobsSpec{} }, false},
	}
	base := releaseOf(t, read(t, "plain")).Hash()
	for name, c := range cases {
		s := read(t, "plain")
		c.edit(&s.Spec)
		if got := releaseOf(t, s).Hash() != base; got != c.other {
			t.Errorf("%s: the release differs: %v, want %v", name, got, c.other)
		}
	}
}

// Every pod has the prefix of the keys in Redis, and none has the variable without a prefix.
func TestKeyPrefix(t *testing.T) {
	s := read(t, "full")
	for _, prefix := range []string{"", "bi"} {
		s.Spec.Cache.KeyPrefix = prefix
		for _, name := range []Name{Scheduler, Worker, Web} {
			var got []string
			for _, v := range deployment(t, component(t, s, name), name, nil).Spec.Template.Spec.Containers[0].Env {
				if v.Name == "SUPERSET_CACHE_KEY_PREFIX" {
					got = append(got, v.Value)
				}
			}
			if strings.Join(got, ",") != prefix {
				t.Errorf("%s with the prefix %q has %q", name, prefix, got)
			}
		}
	}
}

// A tier restarts only if the input of its pod template changes.
func TestTierHash(t *testing.T) {
	s := read(t, "plain")
	spec := component(t, s, Web).ComponentSpec()
	base := TierHash(spec)
	same := map[string]func(*v1alpha1.ComponentSpec){
		"fence":   func(c *v1alpha1.ComponentSpec) { c.Fence = 99 },
		"mode":    func(c *v1alpha1.ComponentSpec) { c.Mode = v1alpha1.ModeHold },
		"release": func(c *v1alpha1.ComponentSpec) { c.Release = "another" },
	}
	for name, edit := range same {
		c := *spec.DeepCopy()
		edit(&c)
		if TierHash(&c) != base {
			t.Errorf("a change of %s restarts the pods", name)
		}
	}
	other := map[string]func(*v1alpha1.ComponentSpec){
		"version":  func(c *v1alpha1.ComponentSpec) { c.Version = "6.0.1" },
		"config":   func(c *v1alpha1.ComponentSpec) { c.ConfigMapName = "another" },
		"args":     func(c *v1alpha1.ComponentSpec) { c.Args = []string{"x"} },
		"template": func(c *v1alpha1.ComponentSpec) { c.PodTemplate = raw(`{"spec":{"hostname":"x"}}`) },
	}
	for name, edit := range other {
		c := *spec.DeepCopy()
		edit(&c)
		if TierHash(&c) == base {
			t.Errorf("a change of %s does not restart the pods", name)
		}
	}
	s.Spec.Worker.Env = []v1alpha1.EnvVar{{Name: "A"}}
	if TierHash(component(t, s, Web).ComponentSpec()) != base {
		t.Error("a change of the workers restarts the web pods")
	}
	if !regexp.MustCompile(`^[0-9a-f]{10}$`).MatchString(base) {
		t.Errorf("%q is not ten hexadecimal digits", base)
	}
}

// A Deployment has the generation that it was rendered from, so that a stale cache is
// detected.
func TestFromLater(t *testing.T) {
	c := component(t, read(t, "plain"), Web)
	c.SetGeneration(4)
	live := deployment(t, c, Web, nil)
	for generation, want := range map[int64]bool{3: true, 4: false, 5: false} {
		c.SetGeneration(generation)
		if got := FromLater(live, c); got != want {
			t.Errorf("rendered from generation 4, component of generation %d: %v, want %v", generation, got, want)
		}
	}
	delete(live.Annotations, v1alpha1.AnnotationGeneration)
	c.SetGeneration(1)
	if FromLater(live, c) {
		t.Error("a Deployment without the annotation counts as later")
	}
}

// A different renderer version keeps the running pod template until the component has
// a new spec or fence.
func TestRunningTemplateIsKept(t *testing.T) {
	c := component(t, read(t, "plain"), Web)
	fresh := deployment(t, c, Web, nil)
	mine := fresh.Annotations[v1alpha1.AnnotationRendered]
	rest, ok := strings.CutPrefix(mine, strconv.Itoa(Renderer)+"/")
	if !ok {
		t.Fatalf("rendered by %q; Renderer is %d", mine, Renderer)
	}
	theirs := "0/" + rest
	cases := map[string]struct {
		rendered string
		edit     func(*v1alpha1.ComponentSpec)
		keeps    bool
	}{
		"older renderer":       {theirs, nil, true},
		"newer renderer":       {"9999/" + rest, nil, true},
		"same renderer":        {mine, nil, false},
		"no annotation":        {"", nil, false},
		"invalid annotation":   {"x", nil, false},
		"next fence":           {theirs, func(s *v1alpha1.ComponentSpec) { s.Fence++ }, false},
		"another version":      {theirs, func(s *v1alpha1.ComponentSpec) { s.Version = "6.0.1" }, false},
		"held, older renderer": {theirs, func(s *v1alpha1.ComponentSpec) { s.Mode = v1alpha1.ModeHold }, true},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			live := fresh.DeepCopy()
			live.Annotations[v1alpha1.AnnotationRendered] = k.rendered
			live.Spec.Template.Spec.Containers[0].Image = "running"
			c := component(t, read(t, "plain"), Web)
			if k.edit != nil {
				k.edit(c.ComponentSpec())
			}
			got := deployment(t, c, Web, live)
			if kept := got.Spec.Template.Spec.Containers[0].Image == "running"; kept != k.keeps {
				t.Errorf("the running template is kept: %v, want %v", kept, k.keeps)
			}
			if k.keeps && got.Annotations[v1alpha1.AnnotationRendered] != k.rendered {
				t.Errorf("the annotation is %q, the template is from %q", got.Annotations[v1alpha1.AnnotationRendered], k.rendered)
			}
			if *got.Spec.Replicas != *Replicas(c) {
				t.Errorf("%d replicas, want %d even if the template is kept", *got.Spec.Replicas, *Replicas(c))
			}
		})
	}
}

func TestInvalidConfigNamesItsField(t *testing.T) {
	s := read(t, "plain")
	s.Spec.Config.Raw = "A = '\x00'"
	if _, err := ReleaseOf(s, nil); err == nil || !strings.HasPrefix(err.Error(), "spec.config.raw contains ") {
		t.Errorf("got %v, want an error of spec.config.raw", err)
	}
}

func TestCatalog(t *testing.T) {
	s := read(t, "plain")
	for _, d := range Catalog {
		if got := Describe(d.Name); got.Kind != d.Kind {
			t.Errorf("Describe(%s) is of kind %s", d.Name, got.Kind)
		}
		c := NewComponent(d.Name)
		if got := c.GetObjectKind().GroupVersionKind().Kind; got != d.Kind {
			t.Errorf("NewComponent(%s) is a %s, want %s", d.Name, got, d.Kind)
		}
	}
	s.Spec.Worker, s.Spec.Scheduler = nil, nil
	r := releaseOf(t, s)
	if r.Component(Worker, s) != nil || r.Component(Web, s) == nil {
		t.Error("a release does not have exactly the components that spec enables")
	}
	if got := versionLabel("6.0.0+own.1"); got != "6.0.0_own.1" {
		t.Errorf("build metadata in a label: %s", got)
	}
}
