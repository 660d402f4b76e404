// SPDX-License-Identifier: Apache-2.0

package components

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// ConfigText renders superset_config.py from a runtime, the user's part, and whether pods send
// StatsD. The error names the field config.raw.
func ConfigText(r v1alpha1.RuntimeSpec, raw string, statsd bool) (string, error) {
	text, err := superset.Render(superset.Config{Raw: raw, Cache: r.Cache != nil, Statsd: statsd})
	if err != nil {
		return "", fmt.Errorf("config.raw: %w", err)
	}
	return text, nil
}

// ConfigMap renders the immutable ConfigMap of a config text. Its name contains the
// hash of the text, so a tier that has not been upgraded yet keeps the config that it
// started with.
func ConfigMap(instance, namespace, text string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: configMapName(instance, text), Namespace: namespace, Labels: Labels(instance)},
		Immutable:  ptr(true),
		Data:       map[string]string{superset.ConfigFile: text},
	}
}

func configMapName(instance, text string) string { return instance + "-config-" + Hash(text) }

// OwnConfig renders the ConfigMap of a standalone component; nil if its spec names one. Its
// name contains the component: components of one name have one each, because a ConfigMap
// has one controller.
func OwnConfig(c v1alpha1.Component) (*corev1.ConfigMap, error) {
	text, err := ownConfigText(c)
	if err != nil || text == "" {
		return nil, err
	}
	cm := ConfigMap(c.GetName(), c.GetNamespace(), text)
	cm.Name = ownConfigName(c, text)
	return cm, nil
}

// ConfigMapOf is the name of the ConfigMap that a component mounts. If the config
// cannot be rendered, it is the name for an empty config, and OwnConfig returns the
// error.
func ConfigMapOf(c v1alpha1.Component) string {
	if name := c.ComponentSpec().ConfigMapName; name != "" {
		return name
	}
	text, _ := ownConfigText(c)
	return ownConfigName(c, text)
}

func ownConfigName(c v1alpha1.Component, text string) string {
	return configMapName(DeploymentName(c.GetName(), nameOf(c)), text)
}

// nameOf is the name of the kind of a component.
func nameOf(c v1alpha1.Component) Name {
	switch c.(type) {
	case *v1alpha1.SupersetWebWorker:
		return Web
	case *v1alpha1.SupersetAsyncWorker:
		return Worker
	default:
		return Scheduler
	}
}

func ownConfigText(c v1alpha1.Component) (string, error) {
	spec := c.ComponentSpec()
	if spec.ConfigMapName != "" {
		return "", nil
	}
	var raw string
	if spec.Config != nil {
		raw = spec.Config.Raw
	}
	return ConfigText(spec.RuntimeSpec, raw, spec.StatsdHost != "")
}
