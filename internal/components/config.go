// SPDX-License-Identifier: Apache-2.0

package components

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/packages"
	"github.com/superset-operator/superset-operator/internal/settings"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// configText renders superset_config.py from a runtime and the user's part, which more
// completes. The error begins with the field.
func configText(r v1alpha1.RuntimeSpec, c v1alpha1.ConfigSpec, more superset.Config) (string, error) {
	more.Raw, more.Cache, more.FeatureFlags = c.Raw, r.Cache != nil, r.FeatureFlags
	more.Connections, more.Celery = connections.ByParts(r), connections.OwnCelery(r.Cache)
	more.Settings = make(map[string][]byte, len(c.Settings))
	for name, value := range c.Settings {
		more.Settings[name] = value.Raw
		if value.Raw == nil { // that is how the type decodes null
			more.Settings[name] = []byte("null")
		}
	}
	text, err := superset.Render(more)
	if err != nil {
		return "", fmt.Errorf("spec.%w", err)
	}
	return text, nil
}

// configFiles renders all files in the ConfigMap of a Superset. The error begins with the field.
func configFiles(s *v1alpha1.Superset, copied map[string]string) (text string, files map[string]string, err error) {
	c := &s.Spec.Config
	files, err = settings.Files(c, copied)
	if err != nil {
		return "", nil, err
	}
	text, err = configText(s.Spec.RuntimeSpec, c.ConfigSpec, superset.Config{
		From: settings.From(c, files), Modules: settings.Importable(c), Statsd: statsdHost(s) != "", Web: webOf(s),
	})
	files = packages.AddFiles(files, len(s.Spec.Packages) > 0)
	return text, connections.AddFiles(files, s.Spec.RuntimeSpec), err
}

// webOf is where the web tier of a Superset is reached; nil if it has none.
func webOf(s *v1alpha1.Superset) *superset.Web {
	if s.Spec.Web == nil {
		return nil
	}
	w := &superset.Web{URL: s.Spec.Web.URL}
	if s.Spec.Worker != nil {
		w.Service = fmt.Sprintf("http://%s:%d/", ServiceName(s.Name), servicePort(&s.Spec))
	}
	return w
}

// ConfigMap renders the immutable ConfigMap of superset_config.py and the files next to it. The
// name contains the hash of them, so a tier that has not been upgraded yet keeps the config that
// it started with.
func ConfigMap(instance, namespace, name, text string, files map[string]string) *corev1.ConfigMap {
	data := map[string]string{superset.ConfigFile: text}
	maps.Copy(data, files)
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: Labels(instance)},
		Immutable:  ptr(true),
		Data:       data,
	}
}

func configMapName(instance, text string, files map[string]string) string {
	if len(files) > 0 {
		text += "\x00" + HashFiles(files)
	}
	return instance + "-config-" + Hash(text)
}

// OwnConfig renders the ConfigMap of a standalone component; nil if its spec names one. Its
// name contains the component: components of one name have one each, because a ConfigMap
// has one controller.
func OwnConfig(c v1alpha1.Component) (*corev1.ConfigMap, error) {
	text, err := ownConfigText(c)
	if err != nil || text == "" {
		return nil, err
	}
	return ConfigMap(c.GetName(), c.GetNamespace(), ownConfigName(c, text), text, ownFiles(c)), nil
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
	return configMapName(DeploymentName(c.GetName(), nameOf(c)), text, ownFiles(c))
}

func ownFiles(c v1alpha1.Component) map[string]string {
	files := packages.AddFiles(nil, len(c.ComponentSpec().Packages) > 0)
	return connections.AddFiles(files, c.ComponentSpec().RuntimeSpec)
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
	var config v1alpha1.ConfigSpec
	if spec.Config != nil {
		config = *spec.Config
	}
	return configText(spec.RuntimeSpec, config, superset.Config{Statsd: spec.StatsdHost != ""})
}
