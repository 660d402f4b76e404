// SPDX-License-Identifier: Apache-2.0

package components

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/golden"
	"github.com/superset-operator/superset-operator/internal/packages"
)

func read(t *testing.T, name string) *v1alpha1.Superset {
	t.Helper()
	s := &v1alpha1.Superset{}
	golden.Read(t, "testdata/"+name+".superset.yaml", s)
	return s
}

func releaseOf(t *testing.T, s *v1alpha1.Superset) *Release {
	t.Helper()
	r, err := ReleaseOf(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Spec.Packages != nil {
		r.Pins = packages.PinsOf([]string{"acme-driver==1.2", "psycopg2-binary==2.9.10"}, s.Spec.Packages)
	}
	return r
}

// component is one tier of a Superset, as the operator writes it.
func component(t *testing.T, s *v1alpha1.Superset, name Name) v1alpha1.Component {
	t.Helper()
	c := releaseOf(t, s).Component(name, s)
	c.ComponentSpec().Fence, c.ComponentSpec().Mode = 7, v1alpha1.ModeServe
	if at := c.DesiredReplicas(); at != nil {
		*at = WantedReplicas(&s.Spec, name)
	}
	return c
}

func deployment(t *testing.T, c v1alpha1.Component, name Name, live *appsv1.Deployment) *appsv1.Deployment {
	t.Helper()
	d, err := Deployment(Describe(name), c, live, Platform{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A changed pod template for the same spec restarts every tier of every Superset at an
// operator upgrade, unless Renderer is increased too. Then the state machine rolls the
// change out. See doc.go.
func TestGoldenDeployments(t *testing.T) {
	for _, d := range Catalog {
		for _, name := range []string{"plain", "full", "held", "postgresql", "mysql"} {
			t.Run(string(d.Name)+"/"+name, func(t *testing.T) {
				file := name
				if name == "held" {
					file = "full" // has replicas, which Hold must not change
				}
				c := component(t, read(t, file), d.Name)
				if name == "held" {
					c.ComponentSpec().Mode = v1alpha1.ModeHold
				}
				got := golden.YAML(t, deployment(t, c, d.Name, nil))
				golden.Text(t, "deployment_"+string(d.Name)+"_"+name+".yaml", got)
			})
		}
	}
}

// Pods install what is pinned, and each component has the pins.
func TestGoldenPackages(t *testing.T) {
	c := component(t, read(t, "packages"), Web)
	// These hashes would change with the program that installs.
	hashes := strings.NewReplacer(c.ComponentSpec().ConfigMapName, "<config>", c.ComponentSpec().Release, "<release>", TierHash(c.ComponentSpec()), "<tier>")
	golden.Text(t, "component_packages.yaml", hashes.Replace(golden.YAML(t, c)))
	golden.Text(t, "deployment_packages.yaml", hashes.Replace(golden.YAML(t, deployment(t, c, Web, nil))))
}

// Pins are known after the hash of their release, and are stored with it. Other pins restart the
// pods. An image that lacks nothing has no init container.
func TestPinsOfARelease(t *testing.T) {
	s := read(t, "packages")
	bare, err := ReleaseOf(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := releaseOf(t, s)
	if r.Hash() != bare.Hash() {
		t.Error("the pins are a part of the hash")
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadRelease(r.Hash(), raw)
	if err != nil || len(loaded.Unknown) != 0 {
		t.Fatalf("%v, unknown: %v", err, loaded.Unknown)
	}
	if diff := cmp.Diff(r.Pins, loaded.Pins); diff != "" {
		t.Errorf("-stored +loaded:\n%s", diff)
	}
	older := *r
	older.Pins = packages.PinsOf([]string{"psycopg2-binary==2.9.9"}, nil)
	if TierHash(r.Component(Web, s).ComponentSpec()) == TierHash(older.Component(Web, s).ComponentSpec()) {
		t.Error("other pins do not restart the pods")
	}
	older.Pins = packages.PinsOf(nil, nil)
	if pod := deployment(t, older.Component(Web, s), Web, nil).Spec.Template.Spec; len(pod.InitContainers) != 0 {
		t.Errorf("init containers: %+v", pod.InitContainers)
	}
	wish, hash := WishOf(s), r.Hash()
	s.Spec.Packages[0] = "psycopg2-binary>=2.9.10"
	if WishOf(s) == wish || releaseOf(t, s).Hash() == hash {
		t.Error("another list is the same release")
	}
}

func TestGoldenComponents(t *testing.T) {
	for _, d := range Catalog {
		golden.Text(t, "component_"+string(d.Name)+".yaml", golden.YAML(t, component(t, read(t, "full"), d.Name)))
	}
}

func TestGoldenServiceAndConfigMap(t *testing.T) {
	golden.Text(t, "service.yaml", golden.YAML(t, Service(read(t, "plain"), Web)))
	golden.Text(t, "service_page.yaml", golden.YAML(t, Service(read(t, "plain"), Maintenance)))
	opened := read(t, "plain")
	opened.Spec.Web.Service = v1alpha1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Port: ptr(int32(80)), NodePort: ptr(int32(30080)),
		Labels: map[string]string{"team": "data"}, Annotations: map[string]string{"example.com/scheme": "internal"}}
	golden.Text(t, "service_open.yaml", golden.YAML(t, Service(opened, Web)))
	golden.Text(t, "configmap.yaml", golden.YAML(t, ConfigMap("bi", "analytics", configMapName("bi", "ROW_LIMIT = 5000\n", nil), "ROW_LIMIT = 5000\n", nil)))
}

// The connection of the Jobs is no part of a component, so that a change of it restarts no pod.
func TestJobsConnectionIsOfNoTier(t *testing.T) {
	s := read(t, "postgresql")
	before := component(t, s, Web).ComponentSpec()
	wish, hash := WishOf(s), releaseOf(t, s).Hash()
	s.Spec.Database.Jobs.User, s.Spec.Database.Jobs.UserFrom = "other", nil
	if after := component(t, s, Web).ComponentSpec(); TierHash(before) != TierHash(after) {
		t.Error("the pods of web are restarted")
	}
	if WishOf(s) == wish || releaseOf(t, s).Hash() == hash {
		t.Error("the release is the same")
	}
}

// Names that the operator sets from database and cache are refused, because a pod has each once.
func TestReservedVariables(t *testing.T) {
	for name, want := range map[string]bool{"DB_HOST": true, "REDIS_PASSWORD": true, "DB_OTHER": false} {
		s := read(t, "postgresql")
		s.Spec.Worker.Env = v1alpha1.EnvVars{{Name: name, Value: "x"}}
		_, err := ReleaseOf(s, nil)
		switch {
		case !want && err != nil:
			t.Errorf("%s: %v", name, err)
		case want && (err == nil || !strings.HasPrefix(err.Error(), "spec.env and spec.worker.env must not set "+name+": the operator sets it from")):
			t.Errorf("%s: %v", name, err)
		}
	}
	s := read(t, "mysql") // REDIS_HOST is the user's if there is a URL
	s.Spec.Env = v1alpha1.EnvVars{{Name: "REDIS_HOST", Value: "x"}}
	if _, err := ReleaseOf(s, nil); err != nil {
		t.Error(err)
	}
}

// The web Service selects only the web pods, not those of a Job or of another tier.
func TestServiceSelectsWebAlone(t *testing.T) {
	s := read(t, "plain")
	selected := func(labels map[string]string) bool {
		for k, v := range Service(s, Web).Spec.Selector {
			if labels[k] != v {
				return false
			}
		}
		return true
	}
	for _, d := range Catalog {
		pod := deployment(t, component(t, s, d.Name), d.Name, nil).Spec.Template
		if got, want := selected(pod.Labels), d.Name == Web; got != want {
			t.Errorf("the web Service selects the pods of %s: %v, want %v", d.Name, got, want)
		}
	}
	if selected(JobLabels("bi")) {
		t.Error("the web Service selects the pods of Jobs")
	}
}

func TestSelectorsMatchTheirPods(t *testing.T) {
	for _, d := range Catalog {
		got := deployment(t, component(t, read(t, "full"), d.Name), d.Name, nil)
		for k, v := range got.Spec.Selector.MatchLabels {
			if got.Spec.Template.Labels[k] != v {
				t.Errorf("%s: the pods have %s=%q, the selector has %q", d.Name, k, got.Spec.Template.Labels[k], v)
			}
		}
	}
}

func TestReplicas(t *testing.T) {
	three := int32(3)
	web := &v1alpha1.SupersetWebWorker{}
	if got := *Replicas(web); got != 1 {
		t.Errorf("unset: %d, want 1", got)
	}
	web.Spec.Replicas = &three
	if got := *Replicas(web); got != 3 {
		t.Errorf("set: %d, want 3", got)
	}
	web.Spec.Mode = v1alpha1.ModeHold
	if got := *Replicas(web); got != 0 || *web.Spec.Replicas != 3 {
		t.Errorf("held: %d, want 0 with spec.replicas untouched, which is %d", got, *web.Spec.Replicas)
	}
	if got := *Replicas(&v1alpha1.SupersetAsyncScheduler{}); got != 1 {
		t.Errorf("scheduler: %d, want 1", got)
	}
}

func TestImage(t *testing.T) {
	cases := map[string]struct {
		spec v1alpha1.ImageSpec
		want string
	}{
		"default":    {v1alpha1.ImageSpec{}, "apache/superset:6.0.0"},
		"repository": {v1alpha1.ImageSpec{Repository: "r.example.com:5000/a/b"}, "r.example.com:5000/a/b:6.0.0"},
		"tag":        {v1alpha1.ImageSpec{Tag: "6.0.0-py311"}, "apache/superset:6.0.0-py311"},
		"digest":     {v1alpha1.ImageSpec{Digest: "sha256:ab"}, "apache/superset:6.0.0@sha256:ab"},
	}
	for name, c := range cases {
		if got := Image(v1alpha1.RuntimeSpec{Version: "6.0.0", Image: c.spec}); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// A standalone component renders its own config, or mounts the one that its spec names.
func TestOwnConfig(t *testing.T) {
	c := &v1alpha1.SupersetWebWorker{}
	c.Name, c.Namespace = "solo", "analytics"
	c.Spec.Config = &v1alpha1.ConfigSpec{Raw: "ROW_LIMIT = 1\n"}
	cm, err := OwnConfig(c)
	if err != nil || cm == nil {
		t.Fatalf("got %v, %v", cm, err)
	}
	if got := ConfigMapOf(c); got != cm.Name {
		t.Errorf("the pod mounts %s, the ConfigMap is %s", got, cm.Name)
	}
	names := map[string]bool{}
	for _, d := range Catalog { // a ConfigMap has one controller
		other := NewComponent(d.Name)
		other.SetName(c.Name)
		other.ComponentSpec().Config = c.Spec.Config
		names[ConfigMapOf(other)] = true
	}
	if len(names) != len(Catalog) {
		t.Errorf("components of one name share a ConfigMap: %v", names)
	}
	c.Spec.Config.Raw = "ROW_LIMIT = 2\n"
	if ConfigMapOf(c) == cm.Name {
		t.Error("two different configs have the same ConfigMap name")
	}
	c.Spec.Config.Raw = "\x00"
	if _, err := OwnConfig(c); err == nil {
		t.Error("no error for a config with a NUL character")
	}
	c.Spec.Config, c.Spec.ConfigMapName = nil, "given"
	if cm, err := OwnConfig(c); cm != nil || err != nil {
		t.Errorf("with configMapName: got %v, %v, want nil", cm, err)
	}
	if got := ConfigMapOf(c); got != "given" {
		t.Errorf("mounts %s, want given", got)
	}
}

func TestGoldenMaintenancePage(t *testing.T) {
	s := read(t, "full")
	r, err := ReleaseOf(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, spec := range map[string]v1alpha1.MaintenancePageSpec{
		"page":       {},
		"page_words": {Title: "Back <soon>", Message: "Ask & wait."},
		"page_html":  {HTML: "<p>our own</p>"},
		"page_image": {Image: "registry.example.com/page:1"},
	} {
		s.Spec.Upgrade.MaintenancePage = spec
		page, err := Page(s, r, Platform{})
		if err != nil {
			t.Fatal(err)
		}
		text := golden.YAML(t, page)
		if cm := PageConfigMap(s); cm != nil {
			text += "---\n" + golden.YAML(t, cm)
		}
		golden.Text(t, name+".yaml", text)
	}
}

// The maintenance page has the limits of spec.jobs as they are now: the release that runs may
// be older than the quota that demands them.
func TestMaintenancePageHasTheLimits(t *testing.T) {
	s := read(t, "plain")
	r := releaseOf(t, s)
	s.Spec.Jobs = &v1alpha1.JobsSpec{PodSettings: v1alpha1.PodSettings{Resources: &v1alpha1.Resources{
		Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("24Mi")}}}}
	page, err := Page(s, r, Platform{})
	if err != nil {
		t.Fatal(err)
	}
	got := page.Spec.Template.Spec.Containers[0].Resources
	if got.Limits.Memory().String() != "24Mi" || got.Requests.Memory().String() != "24Mi" || got.Requests.Cpu().String() != "10m" {
		t.Errorf("resources: %+v", got)
	}
}
