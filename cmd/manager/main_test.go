// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

func TestParse(t *testing.T) {
	s, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.metricsAddress != ":8443" || !s.metricsSecure || s.probeAddress != ":8081" || s.leaderElect || s.controllers.Concurrency != 8 || len(s.namespaces) != 0 || s.controllers.Limits.Rollouts != 1 || s.controllers.Limits.Upgrades != 0 || s.controllers.SecretsInterval != 5*time.Minute || s.minKubernetes != "1.35" || s.check {
		t.Errorf("the defaults are %+v", s)
	}
	s, err = parse([]string{"-metrics-bind-address=0", "-metrics-secure=false", "-health-probe-bind-address=:1", "-leader-elect",
		"-leader-election-namespace=ops", "-namespaces=a, b", "-concurrency=3", "-max-rollouts=0", "-max-upgrades=2", "-min-kubernetes=1.30", "-check", "-zap-devel", "-secrets-interval=1s"})
	if err != nil {
		t.Fatal(err)
	}
	if s.metricsAddress != "0" || s.metricsSecure || s.probeAddress != ":1" || !s.leaderElect || s.leaseNamespace != "ops" || s.controllers.Concurrency != 3 || s.controllers.Limits.Rollouts != 0 || s.controllers.Limits.Upgrades != 2 || s.minKubernetes != "1.30" || !s.check || !s.log.Development || s.controllers.SecretsInterval != time.Second {
		t.Errorf("got %+v", s)
	}
	if !slices.Equal(s.namespaces, []string{"a", "b"}) {
		t.Errorf("namespaces %q", s.namespaces)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		arguments []string
		want      string
	}{
		"concurrency":    {[]string{"-concurrency=0"}, "must be 1 or more"},
		"rollouts":       {[]string{"-max-rollouts=-1"}, "must be 0 or more"},
		"upgrades":       {[]string{"-max-upgrades=-1"}, "must be 0 or more"},
		"secrets":        {[]string{"-secrets-interval=0"}, "must be 1s or more"},
		"not a number":   {[]string{"-concurrency=many"}, "invalid value"},
		"unknown":        {[]string{"-leader-election"}, "not defined"},
		"trailing comma": {[]string{"-namespaces=a,"}, "empty namespace name"}, // would mean all namespaces
		"empty name":     {[]string{"-namespaces=a,,b"}, "empty namespace name"},
		"argument":       {[]string{"run"}, `"run"`},
		"no release":     {[]string{"-min-kubernetes=new"}, `"new" is no Kubernetes release: write it like 1.35`},
		"too old":        {[]string{"-min-kubernetes=1.29"}, "1.29 is older than 1.30"},
	} {
		if _, err := parse(c.arguments); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
	if _, err := parse([]string{"-help"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-help: got %v", err)
	}
}

func TestOptions(t *testing.T) {
	s, err := parse([]string{"-namespaces=a,b", "-leader-elect"})
	if err != nil {
		t.Fatal(err)
	}
	o := options(s)
	if !o.LeaderElection || !o.LeaderElectionReleaseOnCancel || o.LeaderElectionID != "superset-operator.dev" {
		t.Errorf("leader election: %+v", o)
	}
	if len(o.Cache.DefaultNamespaces) != 2 {
		t.Errorf("the cache watches %v", o.Cache.DefaultNamespaces)
	}
	if o.Metrics.FilterProvider == nil || !o.Metrics.SecureServing {
		t.Error("metrics are served without TLS or authorization")
	}
	for _, kind := range []string{"Superset", "SupersetWebWorker", "SupersetAsyncWorker", "SupersetAsyncScheduler"} {
		if !o.Scheme.Recognizes(v1alpha1.GroupVersion.WithKind(kind)) {
			t.Errorf("%s is not in the scheme", kind)
		}
	}
	if !o.Scheme.Recognizes(schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Job"}) {
		t.Error("Job is not in the scheme")
	}
	s.metricsSecure = false
	if o := options(s); o.Metrics.FilterProvider != nil {
		t.Error("there is an authorization filter without TLS")
	}
}

// The lines of the operator and of client-go are JSON. Those for debugging need a flag.
func TestLog(t *testing.T) {
	for _, level := range []string{"info", "debug"} {
		s, err := parse([]string{"-zap-log-level=" + level})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		s.log.DestWriter = &out
		logger := s.logger()
		logger.Info("moved", "to", "Ready")
		logger.V(1).Info("decided")
		klog.InfoS("of client-go", "lease", "a")
		want := []string{"moved", "of client-go"}
		if level == "debug" {
			want = []string{"moved", "decided", "of client-go"}
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			var fields struct{ Msg, Level, Ts string }
			if err := json.Unmarshal([]byte(line), &fields); err != nil || fields.Level == "" || fields.Ts == "" {
				t.Errorf("%v: %s", err, line)
			}
			got = append(got, fields.Msg)
		}
		if !slices.Equal(got, want) {
			t.Errorf("-zap-log-level=%s: logged %q, want %q", level, got, want)
		}
	}
}

// The manager ends before it starts anything on a cluster that is too old.
func TestRunRefusesAnOldCluster(t *testing.T) {
	requests := 0
	old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"major":"1","minor":"29","gitVersion":"v1.29.3"}`))
	}))
	defer old.Close()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{"apiVersion":"v1","kind":"Config","current-context":"a","contexts":[{"name":"a","context":{"cluster":"a"}}],"clusters":[{"name":"a","cluster":{"server":"` + old.URL + `"}}]}`
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
	s, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := run(s); err == nil || err.Error() != "the cluster runs Kubernetes v1.29.3, and the operator needs 1.35 or newer: upgrade the cluster" {
		t.Errorf("got %v", err)
	}
	if requests != 1 {
		t.Errorf("%d requests, want one for the version", requests)
	}
}
