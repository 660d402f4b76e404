// SPDX-License-Identifier: Apache-2.0

package components

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/settings"
)

// wish is what a user writes of a release.
type wish struct {
	Runtime           v1alpha1.RuntimeSpec          `json:"runtime"`
	PreviousSecretKey *v1alpha1.SecretKeyReference  `json:"previousSecretKey,omitempty"`
	Config            v1alpha1.SupersetConfigSpec   `json:"config,omitzero"`
	Env               v1alpha1.EnvVars              `json:"env,omitempty"`
	EnvFrom           v1alpha1.EnvFromSources       `json:"envFrom,omitempty"`
	Gunicorn          *v1alpha1.GunicornSpec        `json:"gunicorn,omitempty"`
	URL               string                        `json:"url,omitempty"`
	ServicePort       *int32                        `json:"servicePort,omitempty"`
	Refresh           string                        `json:"refresh,omitempty"`
	ServiceAccount    string                        `json:"serviceAccount,omitempty"`
	Init              *v1alpha1.InitSpec            `json:"init,omitempty"`
	Packages          []v1alpha1.PackageRequirement `json:"packages,omitempty"`
	Celery            *v1alpha1.CelerySpec          `json:"celery,omitempty"`
	PodTemplate       *runtime.RawExtension         `json:"podTemplate,omitempty"`
	BasePath          string                        `json:"basePath,omitempty"`
	StatsdHost        string                        `json:"statsdHost,omitempty"`
	Tiers             map[Name]v1alpha1.PodSettings `json:"tiers"`
	Jobs              *v1alpha1.JobsSpec            `json:"jobs,omitempty"`
}

// WishOf identifies what the user wishes of a Superset: everything that spec says about its
// release, however an operator renders it, and the changes of the Secrets in
// spec.refreshSecrets. A spec that cannot be rendered has one, too. A field that is empty is not part of it, so that a new one changes no wish.
func WishOf(s *v1alpha1.Superset) string {
	w := wish{Runtime: s.Spec.RuntimeSpec, PreviousSecretKey: s.Spec.PreviousSecretKeyFrom, Config: s.Spec.Config,
		Env: s.Spec.Env, EnvFrom: s.Spec.EnvFrom, Packages: s.Spec.Packages, PodTemplate: s.Spec.PodTemplate, BasePath: basePathOf(&s.Spec), StatsdHost: statsdHost(s), Refresh: refreshOf(s), Init: s.Spec.Init, ServiceAccount: settings.ServiceAccount(s), Tiers: map[Name]v1alpha1.PodSettings{}, Jobs: s.Spec.Jobs}
	for _, b := range blocks(&s.Spec) {
		w.Tiers[b.name] = b.own
	}
	if s.Spec.Web != nil {
		w.Gunicorn, w.URL, w.ServicePort = s.Spec.Web.Gunicorn, s.Spec.Web.URL, s.Spec.Web.Service.Port
	}
	if s.Spec.Worker != nil {
		w.Celery = s.Spec.Worker.Celery
	}
	raw, err := json.Marshal(w)
	if err != nil {
		panic(fmt.Sprintf("encoding a spec: %v", err)) // plain values only
	}
	return Hash(string(raw))
}
