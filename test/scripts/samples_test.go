// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// TestSamples loads the configuration of each sample with Superset itself, in the environment of
// its web pod: every release must read the secret key, the database, the settings and the flags.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	loaded := 0
	for _, file := range files {
		s, secret := readSample(t, file)
		if s == nil {
			continue
		}
		for _, r := range []release{v414, v500, v600, v610} {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml")+"/"+r.version, func(t *testing.T) {
				s.Spec.Version = r.version
				loadSample(t, r, s, secret)
			})
			loaded++
		}
	}
	if loaded < 16 {
		t.Errorf("only %d configurations", loaded)
	}
}

// readSample reads the Superset and the Secret of a file; nil if it has no Superset.
func readSample(t *testing.T, file string) (s *v1alpha1.Superset, secret map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range strings.Split(string(raw), "\n---\n") {
		var kind struct{ Kind string }
		err := yaml.Unmarshal([]byte(document), &kind)
		switch kind.Kind {
		case "Superset":
			s = &v1alpha1.Superset{}
			err = yaml.UnmarshalStrict([]byte(document), s)
		case "Secret":
			var all corev1.Secret
			err = yaml.UnmarshalStrict([]byte(document), &all)
			secret = all.StringData
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	return s, secret
}

// loadSample imports superset.config in an environment of the release and compares what it says.
func loadSample(t *testing.T, r release, s *v1alpha1.Superset, secret map[string]string) {
	t.Helper()
	rendered, err := components.ReleaseOf(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	deployment, err := components.Deployment(components.Describe(components.Web), rendered.Component(components.Web, s), nil, components.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, text := range components.ConfigMap(s.Name, s.Namespace, rendered.ConfigMap, rendered.Config, rendered.Files).Data {
		writeFile(t, filepath.Join(folder, name), text)
	}
	command := exec.Command(filepath.Join(environment(t, r), "bin", "python"), "-c", loadsSample)
	command.Dir = folder
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "PYTHONDONTWRITEBYTECODE=1", "WANT=" + wantOf(t, s, secret)}
	for _, e := range deployment.Spec.Template.Spec.Containers[0].Env {
		value := e.Value
		if from := e.ValueFrom; from != nil && from.SecretKeyRef != nil {
			var known bool
			if value, known = secret[from.SecretKeyRef.Key]; !known {
				t.Errorf("%s: the Secret of the sample has no key %s", e.Name, from.SecretKeyRef.Key)
			}
		}
		command.Env = append(command.Env, e.Name+"="+value)
	}
	command.Env = append(command.Env, superset.EnvConfigPath+"="+filepath.Join(folder, superset.ConfigFile), superset.EnvHome+"="+folder, "HOME="+folder)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// wantOf is what a sample says, as JSON.
func wantOf(t *testing.T, s *v1alpha1.Superset, secret map[string]string) string {
	t.Helper()
	host := s.Spec.Database.Host
	if host == "" {
		host = "postgresql"
	}
	raw, err := json.Marshal(map[string]any{"settings": s.Spec.Config.Settings, "flags": s.Spec.FeatureFlags, "key": secret["secret-key"],
		"host": host, "cache": s.Spec.Cache != nil, "tls": s.Spec.Database.TLS != nil, "url": s.Spec.Web.URL})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

const loadsSample = `
import json, os, sys
import superset.config as config
from sqlalchemy.engine import make_url
want = json.loads(os.environ["WANT"])
url = make_url(config.SQLALCHEMY_DATABASE_URI)
got = {name: getattr(config, name) for name in want["settings"] or {}}
flags = {name: config.FEATURE_FLAGS.get(name) for name in want["flags"] or {}}
celery = config.CELERY_CONFIG
broker = celery["broker_url"] if isinstance(celery, dict) else celery.broker_url
checks = {
    "settings": got == (want["settings"] or {}),
    "flags": flags == (want["flags"] or {}),
    "secret key": config.SECRET_KEY == want["key"],
    "database": (url.host, url.database, bool(url.password)) == (want["host"], "superset", True),
    "certificates of the database": ("sslrootcert" in url.query) == want["tls"],
    "cache": (config.CACHE_CONFIG["CACHE_TYPE"] == "RedisCache") == want["cache"],
    "broker": broker.startswith("redis") == want["cache"],
    "proxy": config.ENABLE_PROXY_FIX == bool(want["url"]),
}
failed = [name for name, holds in checks.items() if not holds]
if failed:
    sys.exit(f"not as the sample says: {failed}\n{got}\n{flags}\n{url}\n{config.CACHE_CONFIG}\n{broker}")
`
