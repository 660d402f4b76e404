// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exercised has a case for each value: what it is set to, with other values that it needs,
// and what then is in the rendered chart, or is no longer in it (gone).
var exercised = map[string]struct{ set, with, want, gone string }{
	"fullnameOverride":                   {set: `"bi"`, want: "name: bi-leader-election"},
	"image.repository":                   {set: `"registry.example.com/op"`, want: "image: registry.example.com/op:development"},
	"image.tag":                          {set: `"v9"`, want: "superset-operator:v9\n"},
	"image.digest":                       {set: `"sha256:` + strings.Repeat("0a", 32) + `"`, want: "superset-operator:development@sha256:0a0a"},
	"image.pullPolicy":                   {set: `"Never"`, want: "imagePullPolicy: Never"},
	"image.pullSecrets":                  {set: `["login"]`, want: "imagePullSecrets:\n        - name: login"},
	"scope.namespaces":                   {set: `["a","b"]`, want: "--namespaces=a,b", gone: "kind: ClusterRoleBinding"},
	"crds.enabled":                       {set: `false`, gone: "kind: CustomResourceDefinition"},
	"crds.keep":                          {set: `false`, gone: "helm.sh/resource-policy: keep"},
	"crds.annotations":                   {set: `{"c.example/d":"e"}`, want: "c.example/d: e"},
	"rbac.create":                        {set: `false`, gone: "kind: ClusterRoleBinding"},
	"rbac.userRoles":                     {set: `false`, gone: "name: superset-editor"},
	"admissionPolicy.mode":               {set: `"warn"`, want: "- Warn", gone: "- Deny"},
	"serviceAccount.create":              {set: `false`, want: "serviceAccountName: default", gone: "kind: ServiceAccount\nmetadata"},
	"serviceAccount.name":                {set: `"mine"`, want: "serviceAccountName: mine"},
	"serviceAccount.annotations":         {set: `{"a.example/b":"c"}`, want: "a.example/b: c"},
	"replicas":                           {set: `3`, want: "replicas: 3\n  selector:"},
	"concurrency":                        {set: `2`, want: "--concurrency=2"},
	"maxRollouts":                        {set: `4`, want: "--max-rollouts=4"},
	"maxUpgrades":                        {set: `5`, want: "--max-upgrades=5"},
	"minKubernetes":                      {set: `"1.34"`, want: "--min-kubernetes=1.34"},
	"logLevel":                           {set: `"debug"`, want: "--zap-log-level=debug"},
	"extraArgs":                          {set: `["--zap-encoder=console"]`, want: "- --zap-encoder=console"},
	"extraEnv":                           {set: `[{"name":"TZ","value":"UTC"}]`, want: "- name: TZ"},
	"metrics.mode":                       {set: `"open"`, want: "--metrics-secure=false", gone: "tokenreviews"},
	"metrics.serviceMonitor.enabled":     {set: `true`, want: "kind: ServiceMonitor"},
	"metrics.serviceMonitor.labels":      {set: `{"release":"prometheus"}`, with: `{"metrics":{"serviceMonitor":{"enabled":true}}}`, want: "release: prometheus"},
	"metrics.serviceMonitor.interval":    {set: `"7s"`, with: `{"metrics":{"serviceMonitor":{"enabled":true}}}`, want: "interval: 7s"},
	"metrics.prometheusRule.enabled":     {set: `true`, want: "alert: SupersetUpgradeStuck"},
	"metrics.prometheusRule.labels":      {set: `{"team":"bi"}`, with: `{"metrics":{"prometheusRule":{"enabled":true}}}`, want: "team: bi"},
	"metrics.dashboards.enabled":         {set: `true`, want: `grafana_dashboard: "1"`},
	"metrics.dashboards.labels":          {set: `{"folder":"bi"}`, with: `{"metrics":{"dashboards":{"enabled":true}}}`, want: "folder: bi"},
	"metrics.dashboards.namespace":       {set: `"grafana"`, with: `{"metrics":{"dashboards":{"enabled":true}}}`, want: "namespace: grafana"},
	"podDisruptionBudget.enabled":        {set: `true`, want: "kind: PodDisruptionBudget"},
	"podDisruptionBudget.maxUnavailable": {set: `"50%"`, with: `{"podDisruptionBudget":{"enabled":true}}`, want: "maxUnavailable: 50%"},
	"networkPolicy.enabled":              {set: `true`, want: "kind: NetworkPolicy"},
	"networkPolicy.metricsFrom":          {set: `{"matchLabels":{"team":"ops"}}`, with: `{"networkPolicy":{"enabled":true}}`, want: "team: ops"},
	"networkPolicy.apiServerPorts":       {set: `[16443]`, with: `{"networkPolicy":{"enabled":true}}`, want: "- port: 16443"},
	"resources":                          {set: `{"limits":{"memory":"1Gi"}}`, want: "memory: 1Gi"},
	"podLabels":                          {set: `{"pod":"label"}`, want: "pod: label"},
	"podAnnotations":                     {set: `{"pod":"annotation"}`, want: "pod: annotation"},
	"priorityClassName":                  {set: `"system-cluster-critical"`, want: "priorityClassName: system-cluster-critical"},
	"nodeSelector":                       {set: `{"disk":"ssd"}`, want: "disk: ssd"},
	"tolerations":                        {set: `[{"key":"dedicated"}]`, want: "- key: dedicated"},
	"affinity":                           {set: `{"podAntiAffinity":{}}`, want: "podAntiAffinity: {}"},
	"topologySpreadConstraints":          {set: `[{"maxSkew":1}]`, want: "- maxSkew: 1"},
	"commonLabels":                       {set: `{"owner":"bi"}`, want: "owner: bi"},
	"test.enabled":                       {set: `false`, gone: "helm.sh/hook: test"},
}

// TestEveryValue: each value changes what is rendered, as its case says.
func TestEveryValue(t *testing.T) {
	defaults := rendered(t, nil).text
	known := map[string]bool{}
	for _, v := range valuesOf(t) {
		known[v.name()] = true
		c, tested := exercised[v.name()]
		if !tested || c.want == "" && c.gone == "" {
			t.Errorf("%s: no case exercises this value", v.name())
			continue
		}
		values := set(v.path, parsed(t, c.set))
		base := defaults
		if c.with != "" {
			with, _ := parsed(t, c.with).(map[string]any)
			base = rendered(t, with).text
			merge(values, with)
		}
		got := rendered(t, values).text
		if c.want != "" && (!strings.Contains(got, c.want) || v.name() != "metrics.dashboards.labels" && strings.Contains(base, c.want)) {
			t.Errorf("%s=%s: %q in the rendered chart %t, without the value %t", v.name(), c.set, c.want, strings.Contains(got, c.want), strings.Contains(base, c.want))
		}
		if c.gone != "" && (strings.Contains(strings.ReplaceAll(got, release+"-metrics-auth", ""), c.gone) || !strings.Contains(base, c.gone)) {
			t.Errorf("%s=%s: %q in the rendered chart %t, without the value %t", v.name(), c.set, c.gone, strings.Contains(got, c.gone), strings.Contains(base, c.gone))
		}
	}
	for name := range exercised {
		if !known[name] {
			t.Errorf("a case for %s, which values.yaml does not have", name)
		}
	}
}

// TestTypes: each value has a type, and each group refuses unknown names.
func TestTypes(t *testing.T) {
	for _, v := range valuesOf(t) {
		var wrong any = "text"
		if _, isText := v.fallback.(string); isText {
			wrong = 7
		}
		_, isGroup := v.fallback.(map[string]any) // Helm itself ignores a text in its place
		if _, err := render(t, set(v.path, wrong)); err == nil && !isGroup {
			t.Errorf("%s=%v is accepted", v.name(), wrong)
		}
		group := append(append([]string{}, v.path[:len(v.path)-1]...), "unknown")
		if _, err := render(t, set(group, true)); err == nil {
			t.Errorf("%s is accepted", strings.Join(group, "."))
		}
	}
}

// TestRefusedValues: what the schema and the templates refuse beyond types.
func TestRefusedValues(t *testing.T) {
	for name, c := range map[string]struct{ values, want string }{
		"digest":            {`{"image":{"digest":"sha256:12"}}`, "image/digest"},
		"pull policy":       {`{"image":{"pullPolicy":"Sometimes"}}`, "image/pullPolicy"},
		"namespace":         {`{"scope":{"namespaces":["Team_A"]}}`, "scope/namespaces/0"},
		"namespace twice":   {`{"scope":{"namespaces":["a","a"]}}`, "scope/namespaces"},
		"concurrency":       {`{"concurrency":0}`, "concurrency"},
		"rollouts":          {`{"maxRollouts":-1}`, "maxRollouts"},
		"release":           {`{"minKubernetes":"v1.35"}`, "minKubernetes"},
		"level":             {`{"logLevel":"trace"}`, "logLevel"},
		"mode":              {`{"metrics":{"mode":"secret"}}`, "metrics/mode"},
		"argument":          {`{"extraArgs":["run"]}`, "extraArgs/0"},
		"port":              {`{"networkPolicy":{"apiServerPorts":[70000]}}`, "networkPolicy/apiServerPorts/0"},
		"no port":           {`{"networkPolicy":{"apiServerPorts":[]}}`, "networkPolicy/apiServerPorts"},
		"label":             {`{"podLabels":{"a":1}}`, "podLabels/a"},
		"monitors, no data": {`{"metrics":{"mode":"disabled","serviceMonitor":{"enabled":true}}}`, "set metrics.mode to authenticated or open"},
	} {
		values, _ := parsed(t, c.values).(map[string]any)
		if _, err := render(t, values); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}

func valuesOf(t *testing.T) []value {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, chartFolder, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	values, err := parse(content)
	if err != nil || len(values) < 30 {
		t.Fatalf("%d values, %v", len(values), err)
	}
	return values
}

// parsed decodes JSON as Helm decodes values: numbers without a fraction are integers.
func parsed(t *testing.T, text string) any {
	t.Helper()
	var out any
	decoder := json.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(&out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

// merge adds the values of from that into does not have.
func merge(into, from map[string]any) {
	for key, value := range from {
		group, isGroup := value.(map[string]any)
		inner, has := into[key].(map[string]any)
		switch {
		case isGroup && has:
			merge(inner, group)
		case into[key] == nil:
			into[key] = value
		}
	}
}
