// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/rest"

	"github.com/superset-operator/superset-operator/internal/components"
)

// server answers discovery as an API server does, over HTTP.
func server(t *testing.T, answers map[string]any) *rest.Config {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return &rest.Config{Host: s.URL}
}

func groups(names ...string) *metav1.APIGroupList {
	list := &metav1.APIGroupList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroupList"}}
	for _, name := range names {
		v1 := metav1.GroupVersionForDiscovery{GroupVersion: name + "/v1", Version: "v1"}
		list.Groups = append(list.Groups, metav1.APIGroup{Name: name, Versions: []metav1.GroupVersionForDiscovery{v1}, PreferredVersion: v1})
	}
	return list
}

// A server with OpenShift's security context constraints assigns ids. One that does not
// answer is an error: the operator would render pods that its admission refuses.
func TestInspectFindsThePlatform(t *testing.T) {
	for name, c := range map[string]struct {
		groups *metav1.APIGroupList
		want   components.Platform
	}{
		"Kubernetes":             {groups("apps", "batch"), components.Platform{}},
		"OpenShift":              {groups("apps", "security.openshift.io", "route.openshift.io"), components.Platform{AssignsIDs: true}},
		"other OpenShift groups": {groups("apps", "route.openshift.io", "security.internal.openshift.io"), components.Platform{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Inspect(server(t, map[string]any{"/version": version.Info{GitVersion: "v1.37.2"}, "/apis": c.groups}), MinKubernetes)
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	if _, err := Inspect(&rest.Config{Host: closed.URL}, MinKubernetes); err == nil {
		t.Error("no error for a server that does not answer")
	}
}

// A server below the oldest supported release is refused with what to do. Patch releases and
// what a vendor or a pre-release adds do not matter.
func TestInspectRefusesAnOldServer(t *testing.T) {
	for name, c := range map[string]struct{ running, oldest, want string }{
		"newer":               {"v1.37.2", MinKubernetes, ""},
		"the oldest":          {"v1.35.0", MinKubernetes, ""},
		"vendor":              {"v1.35.2-eks-1a2b3c4", MinKubernetes, ""},
		"build":               {"v1.36.1+rke2r1", MinKubernetes, ""},
		"pre-release":         {"v1.35.0-alpha.1", MinKubernetes, ""},
		"older":               {"v1.34.8", MinKubernetes, "the cluster runs Kubernetes v1.34.8, and the operator supports 1.35 or newer: upgrade the cluster, or start the operator with -min-kubernetes=1.34, which is not tested"},
		"older, as asked for": {"v1.34.8", "1.34", ""},
		"without the API":     {"v1.29.14-gke.1", MinKubernetes, "the cluster runs Kubernetes v1.29.14-gke.1, and the operator needs 1.35 or newer: upgrade the cluster"},
		"two digits":          {"v1.9.0", "1.30", "upgrade the cluster"},
		"no version":          {"unknown", MinKubernetes, `"unknown" is no Kubernetes version`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Inspect(server(t, map[string]any{"/version": version.Info{GitVersion: c.running}, "/apis": groups("apps")}), c.oldest)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// The release that the operator demands has everything that it uses.
func TestMinKubernetes(t *testing.T) {
	if err := CheckMinKubernetes(MinKubernetes); err != nil {
		t.Error(err)
	}
}
