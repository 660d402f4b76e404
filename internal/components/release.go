// SPDX-License-Identifier: Apache-2.0

package components

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/packages"
	"github.com/superset-operator/superset-operator/internal/settings"
)

// releaseSchema is the version of the JSON layout of a stored release.
const releaseSchema = 1

// Release is the rendered version, image, config and component settings of a Superset.
// It is stored, and a rollback applies it again. Replicas are not part of it: scaling
// creates no new release and does not retry a failed one.
type Release struct {
	// Schema is the version of the JSON layout.
	Schema int `json:"schema"`
	// Renderer is the renderer version of the release; see the constant Renderer.
	Renderer int `json:"renderer"`
	// Runtime is what all pods share.
	Runtime v1alpha1.RuntimeSpec `json:"runtime"`
	// PreviousSecretKey is the previous secret key, with which Jobs can also decrypt
	// stored secrets; nil for none.
	PreviousSecretKey *v1alpha1.SecretKeyReference `json:"previousSecretKey,omitempty"`
	// Config is the text of superset_config.py, and ConfigMap the name of the
	// ConfigMap that contains it.
	Config    string `json:"config"`
	ConfigMap string `json:"configMap"`
	// Files are the other files of that ConfigMap, by name. Those that were copied from the
	// ConfigMaps of users are the copy that Copies identifies; it is empty for none.
	Files  map[string]string `json:"files,omitempty"`
	Copies string            `json:"copies,omitempty"`
	// Packages are the Python packages that its image may lack, and Pins what was resolved of them;
	// nil until then. Pins are no part of the hash: a release has the same ones as long as it is
	// stored, and its hash is known before they are.
	Packages []v1alpha1.PackageRequirement `json:"packages,omitempty"`
	Pins     *packages.Pins                `json:"pins,omitempty"`
	// BasePath is the path at which Superset serves; empty for /.
	BasePath string `json:"basePath,omitempty"`
	// StatsdHost is the host to which the pods send StatsD; empty for none.
	StatsdHost string `json:"statsdHost,omitempty"`
	// Refresh is that of spec.refresh, or a hash of it and of the Secrets that have changed; a
	// new one restarts every tier.
	Refresh string `json:"refresh,omitempty"`
	// ServiceAccount is the name of the account of the pods; empty for the account default.
	ServiceAccount string `json:"serviceAccount,omitempty"`
	// Init is what migrate does after superset init; nil for nothing more.
	Init *v1alpha1.InitSpec `json:"init,omitempty"`
	// Tiers has the settings of each enabled component.
	Tiers map[Name]v1alpha1.PodSettings `json:"tiers"`
	// Jobs has the settings of the Jobs' pods.
	Jobs v1alpha1.PodSettings `json:"jobs"`

	// Unknown are the stored fields that this operator does not know and therefore leaves
	// out, by path.
	Unknown []string `json:"-"`

	// hash identifies the release, which is not changed once it was rendered or loaded. One that
	// was loaded has the hash that it was stored under: it may have fields that this operator
	// does not know.
	hash string
}

// ReleaseOf renders the desired release of a Superset. copied are the files that its config copies
// from ConfigMaps, by name: see settings.References. The error names the field that cannot be
// rendered.
func ReleaseOf(s *v1alpha1.Superset, copied map[string]string) (*Release, error) {
	text, files, err := configFiles(s, copied)
	if err != nil {
		return nil, err
	}
	if err := checkPatch("spec.podTemplate", s.Spec.PodTemplate); err != nil {
		return nil, err
	}
	basePath := basePathOf(&s.Spec)
	if err := checkBasePath("spec.web.basePath", basePath, s.Spec.Version); err != nil {
		return nil, err
	}
	r := &Release{
		Schema:     releaseSchema,
		Renderer:   Renderer,
		Runtime:    *s.Spec.RuntimeSpec.DeepCopy(),
		Config:     text,
		Files:      files,
		Copies:     settings.Copies(&s.Spec.Config),
		Packages:   s.Spec.Packages,
		ConfigMap:  configMapName(s.Name, text, files),
		BasePath:   basePath,
		StatsdHost: statsdHost(s),
		Refresh:    refreshOf(s),
		Tiers:      map[Name]v1alpha1.PodSettings{},

		PreviousSecretKey: s.Spec.PreviousSecretKeyFrom.DeepCopy(),
		ServiceAccount:    settings.ServiceAccount(s),
		Init:              s.Spec.Init.DeepCopy(),
	}
	for _, block := range blocks(&s.Spec) {
		if r.Tiers[block.name], err = mergedSettings(block, &s.Spec); err != nil {
			return nil, err
		}
	}
	r.Jobs, err = mergedSettings(jobsBlock(&s.Spec), &s.Spec)
	r.hash = r.contentHash()
	return r, err
}

// refreshOf restarts every tier when it changes. Without a Secret that has changed it is
// spec.refresh as it is, so that spec.refreshSecrets alone restarts nothing. It has at most 63
// characters.
func refreshOf(s *v1alpha1.Superset) string {
	token := SecretsToken(s)
	if token == "" {
		return s.Spec.Refresh
	}
	return Hash(s.Spec.Refresh + "\n" + token)
}

// SecretsToken is new after each change of a Secret in spec.refreshSecrets; empty before the first.
func SecretsToken(s *v1alpha1.Superset) string {
	if s.Status.RefreshSecrets == nil {
		return ""
	}
	return s.Status.RefreshSecrets.Token
}

// block is what spec says about a component or the Jobs, and how its settings follow from that.
type block struct {
	name Name
	own  v1alpha1.PodSettings
	of   func(*v1alpha1.SupersetSpec) (v1alpha1.PodSettings, error)
}

// blocks lists the components that spec enables.
func blocks(spec *v1alpha1.SupersetSpec) []block {
	var out []block
	if spec.Scheduler != nil {
		out = append(out, block{Scheduler, spec.Scheduler.PodSettings, settings.Scheduler})
	}
	if spec.Worker != nil {
		out = append(out, block{Worker, spec.Worker.PodSettings, func(s *v1alpha1.SupersetSpec) (v1alpha1.PodSettings, error) {
			return settings.Worker(s, worker.Requests)
		}})
	}
	if spec.Web != nil {
		out = append(out, block{Web, spec.Web.PodSettings, func(s *v1alpha1.SupersetSpec) (v1alpha1.PodSettings, error) {
			return settings.Web(s, web.Requests)
		}})
	}
	return out
}

func jobsBlock(spec *v1alpha1.SupersetSpec) block {
	b := block{name: "jobs", of: settings.Jobs}
	if spec.Jobs != nil {
		b.own = spec.Jobs.PodSettings
	}
	return b
}

// WantedReplicas is the number of replicas in spec; nil if it is not set.
func WantedReplicas(spec *v1alpha1.SupersetSpec, name Name) *int32 {
	switch {
	case name == Web && spec.Web != nil:
		return spec.Web.Replicas
	case name == Worker && spec.Worker != nil:
		return spec.Worker.Replicas
	default:
		return nil
	}
}

// mergedSettings are the settings of one component or of the Jobs, with those for all pods.
func mergedSettings(b block, spec *v1alpha1.SupersetSpec) (v1alpha1.PodSettings, error) {
	if err := checkPatch("spec."+string(b.name)+".podTemplate", b.own.PodTemplate); err != nil {
		return v1alpha1.PodSettings{}, err
	}
	out, err := b.of(spec)
	if err != nil {
		return out, err
	}
	if err := connections.Check(spec.RuntimeSpec, "spec.env and spec."+string(b.name)+".env", out.Env); err != nil {
		return out, err
	}
	merged, err := mergePatches(spec.PodTemplate, out.PodTemplate)
	if err != nil {
		return out, fmt.Errorf("spec.%s: %w", b.name, err)
	}
	out.PodTemplate = merged.DeepCopy()
	return out, nil
}

// Hash identifies the release as it was rendered: everything that is stored of it.
func (r *Release) Hash() string {
	if r.hash != "" {
		return r.hash
	}
	return r.contentHash()
}

func (r *Release) contentHash() string {
	raw, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("encoding a release: %v", err)) // plain values only
	}
	return contentHash(raw)
}

// Component renders the component object of one tier, without replicas, mode and fence;
// nil if the release does not have the tier.
func (r *Release) Component(name Name, owner *v1alpha1.Superset) v1alpha1.Component {
	settings, ok := r.Tiers[name]
	if !ok {
		return nil
	}
	c := NewComponent(name)
	c.SetName(owner.Name)
	c.SetNamespace(owner.Namespace)
	labels := Labels(owner.Name)
	labels[v1alpha1.LabelComponent] = string(name)
	c.SetLabels(labels)
	*c.ComponentSpec() = v1alpha1.ComponentSpec{
		RuntimeSpec:   connections.ForTiers(*r.Runtime.DeepCopy()),
		PodSettings:   *settings.DeepCopy(),
		ConfigMapName: r.ConfigMap,
		BasePath:      r.BasePath,
		StatsdHost:    r.StatsdHost,
		Refresh:       r.Refresh,
		Packages:      r.Pins.Lines(),
		Release:       r.Hash(),

		ServiceAccountName: r.ServiceAccount,
	}
	return c
}

// NewComponent returns an empty component object. It panics for an unknown name.
func NewComponent(name Name) v1alpha1.Component {
	meta := metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: Describe(name).Kind}
	switch name {
	case Web:
		return &v1alpha1.SupersetWebWorker{TypeMeta: meta}
	case Worker:
		return &v1alpha1.SupersetAsyncWorker{TypeMeta: meta}
	case Scheduler:
		return &v1alpha1.SupersetAsyncScheduler{TypeMeta: meta}
	default:
		panic("unknown component " + string(name))
	}
}

// TierHash identifies the pod template of a tier. Fence, mode, release and progress
// deadline are not part of it, so that a change of them, or of another tier, does not
// restart the pods.
func TierHash(spec *v1alpha1.ComponentSpec) string {
	source := *spec
	source.Mode, source.Fence, source.Release, source.ProgressDeadlineSeconds = "", 0, "", nil
	raw, err := json.Marshal(source)
	if err != nil {
		panic(fmt.Sprintf("encoding a component spec: %v", err)) // plain values only
	}
	return Hash(string(raw))
}

// Hash returns the first ten hexadecimal digits of the SHA-256, for names and labels.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:5])
}
