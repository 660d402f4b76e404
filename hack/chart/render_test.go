// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
)

const (
	root      = "../.."
	release   = "superset-operator"
	namespace = "superset-operator-system"
)

// manifest is a rendered object.
type manifest map[string]any

// at returns what is at a path of keys, or nil.
func (m manifest) at(path ...string) any {
	var here any = map[string]any(m)
	for _, key := range path {
		group, _ := here.(map[string]any)
		here = group[key]
	}
	return here
}

func (m manifest) text(path ...string) string {
	text, _ := m.at(path...).(string)
	return text
}

// id is KIND/NAME, and NAMESPACE/KIND/NAME outside of the namespace of the release.
func (m manifest) id() string {
	id := m.text("kind") + "/" + m.text("metadata", "name")
	if n := m.text("metadata", "namespace"); n != "" && n != namespace {
		id = n + "/" + id
	}
	return id
}

// rendering has the rendered templates as text, and the objects by their id.
type rendering struct {
	text    string
	objects map[string]manifest
}

// render renders the chart as helm install does, on Kubernetes 1.36.
func render(t *testing.T, values map[string]any) (rendering, error) {
	t.Helper()
	return renderOn(t, "v1.36.0", values)
}

func renderOn(t *testing.T, version string, values map[string]any) (rendering, error) {
	t.Helper()
	chart, err := loader.Load(filepath.Join(root, chartFolder))
	if err != nil {
		t.Fatal(err)
	}
	capabilities := common.DefaultCapabilities.Copy()
	kubernetes, err := common.ParseKubeVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	capabilities.KubeVersion = *kubernetes
	options := common.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}
	top, err := util.ToRenderValues(chart, values, options, capabilities)
	if err != nil {
		return rendering{}, err
	}
	files, err := engine.Render(chart, top)
	if err != nil {
		return rendering{}, err
	}
	out := rendering{objects: map[string]manifest{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		out.text += files[name] + "\n"
		if filepath.Ext(name) == ".yaml" {
			out.add(t, name, files[name])
		}
	}
	return out, nil
}

func (r rendering) add(t *testing.T, name, content string) {
	t.Helper()
	for decoder := yaml.NewDecoder(strings.NewReader(content)); ; {
		var m manifest
		err := decoder.Decode((*map[string]any)(&m))
		if err == io.EOF { //nolint:errorlint // the decoder returns it unwrapped
			return
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, content)
		}
		if len(m) == 0 {
			continue
		}
		if r.objects[m.id()] != nil {
			t.Errorf("%s is rendered twice", m.id())
		}
		r.objects[m.id()] = m
	}
}

// rendered renders the chart and fails the test when it does not render.
func rendered(t *testing.T, values map[string]any) rendering {
	t.Helper()
	r, err := render(t, values)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// set returns values with one value at a path of keys.
func set(path []string, value any) map[string]any {
	for _, key := range slices.Backward(path) {
		value = map[string]any{key: value}
	}
	out, _ := value.(map[string]any)
	return out
}
