// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
)

// constraints add to the type of a value, which its default gives.
var constraints = map[string]map[string]any{
	"fullnameOverride":                {"pattern": `^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$`, "maxLength": 52},
	"image.repository":                {"minLength": 1},
	"image.digest":                    {"pattern": `^(sha256:[0-9a-f]{64})?$`},
	"image.pullPolicy":                {"enum": []string{"Always", "IfNotPresent", "Never"}},
	"image.pullSecrets":               {"items": map[string]any{"type": "string", "minLength": 1}},
	"scope.namespaces":                {"uniqueItems": true, "items": map[string]any{"type": "string", "pattern": `^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`}},
	"crds.annotations":                texts,
	"admissionPolicy.mode":            {"enum": []string{"deny", "warn", "disabled"}},
	"serviceAccount.annotations":      texts,
	"replicas":                        {"minimum": 0},
	"concurrency":                     {"minimum": 1},
	"maxRollouts":                     {"minimum": 0},
	"maxUpgrades":                     {"minimum": 0},
	"minKubernetes":                   {"pattern": `^1\.[0-9]+$`},
	"logLevel":                        {"enum": []string{"debug", "info", "error"}},
	"extraArgs":                       {"items": map[string]any{"type": "string", "pattern": "^-"}},
	"extraEnv":                        {"items": map[string]any{"type": "object", "required": []string{"name"}}},
	"metrics.mode":                    {"enum": []string{"", "authenticated", "open", "disabled"}},
	"metrics.serviceMonitor.labels":   texts,
	"metrics.serviceMonitor.interval": {"pattern": `^([0-9]+(ms|s|m|h))+$`},
	"metrics.prometheusRule.labels":   texts,
	"metrics.dashboards.labels":       texts,
	"podDisruptionBudget.maxUnavailable": {
		"type": []string{"integer", "string"}, "minimum": 0, "pattern": `^[0-9]+%$`,
	},
	"networkPolicy.apiServerPorts": {"minItems": 1, "items": map[string]any{"type": "integer", "minimum": 1, "maximum": 65535}},
	"podLabels":                    texts,
	"podAnnotations":               texts,
	"nodeSelector":                 texts,
	"commonLabels":                 texts,
}

// texts is a map of strings, such as labels.
var texts = map[string]any{"additionalProperties": map[string]any{"type": "string"}}

// schema is the JSON schema of the values. It refuses unknown names, which are typing errors.
func schema(values []value) ([]byte, error) {
	root := object()
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	properties(root)["global"] = map[string]any{"type": "object", "description": "What Helm gives every chart."}
	used := map[string]bool{}
	for _, v := range values {
		group := root
		for _, key := range v.path[:len(v.path)-1] {
			if properties(group)[key] == nil {
				properties(group)[key] = object()
			}
			group, _ = properties(group)[key].(map[string]any)
		}
		kind, err := kindOf(v.fallback)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.name(), err)
		}
		leaf := map[string]any{"type": kind, "description": v.description}
		maps.Copy(leaf, constraints[v.name()])
		used[v.name()] = true
		properties(group)[v.path[len(v.path)-1]] = leaf
	}
	for name := range constraints {
		if !used[name] {
			return nil, fmt.Errorf("a constraint for %s, which values.yaml does not have", name)
		}
	}
	content, err := json.MarshalIndent(root, "", "  ")
	return append(content, '\n'), err
}

func object() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{}}
}

func properties(of map[string]any) map[string]any {
	p, _ := of["properties"].(map[string]any)
	return p
}

func kindOf(fallback any) (string, error) {
	switch fallback.(type) {
	case string:
		return "string", nil
	case bool:
		return "boolean", nil
	case int:
		return "integer", nil
	case []any:
		return "array", nil
	case map[string]any:
		return "object", nil
	}
	return "", fmt.Errorf("a default of type %T", fallback)
}
