// SPDX-License-Identifier: Apache-2.0

package components

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
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
	// BasePath is the path at which Superset serves; empty for /.
	BasePath string `json:"basePath,omitempty"`
	// StatsdHost is the host to which the pods send StatsD; empty for none.
	StatsdHost string `json:"statsdHost,omitempty"`
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

// ReleaseOf renders the desired release of a Superset. The error names the field that
// cannot be rendered.
func ReleaseOf(s *v1alpha1.Superset) (*Release, error) {
	text, err := ConfigText(s.Spec.RuntimeSpec, s.Spec.Config.Raw, statsdHost(s) != "")
	if err != nil {
		return nil, fmt.Errorf("spec.%w", err)
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
		ConfigMap:  configMapName(s.Name, text),
		BasePath:   basePath,
		StatsdHost: statsdHost(s),
		Tiers:      map[Name]v1alpha1.PodSettings{},

		PreviousSecretKey: s.Spec.PreviousSecretKeyFrom.DeepCopy(),
	}
	for _, block := range blocks(&s.Spec) {
		settings, err := mergedSettings(block.name, s.Spec.PodTemplate, block.settings)
		if err != nil {
			return nil, err
		}
		r.Tiers[block.name] = settings
	}
	jobs := &v1alpha1.PodSettings{}
	if s.Spec.Jobs != nil {
		jobs = &s.Spec.Jobs.PodSettings
	}
	r.Jobs, err = mergedSettings("jobs", s.Spec.PodTemplate, jobs)
	r.hash = r.contentHash()
	return r, err
}

type block struct {
	name     Name
	settings *v1alpha1.PodSettings
}

// blocks lists the components that spec enables.
func blocks(spec *v1alpha1.SupersetSpec) []block {
	var out []block
	if spec.Scheduler != nil {
		out = append(out, block{Scheduler, &spec.Scheduler.PodSettings})
	}
	if spec.Worker != nil {
		out = append(out, block{Worker, &spec.Worker.PodSettings})
	}
	if spec.Web != nil {
		out = append(out, block{Web, &spec.Web.PodSettings})
	}
	return out
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

// mergedSettings merges the podTemplate for all pods into that of one component or of
// the Jobs.
func mergedSettings(name Name, all *runtime.RawExtension, own *v1alpha1.PodSettings) (v1alpha1.PodSettings, error) {
	if err := checkPatch("spec."+string(name)+".podTemplate", own.PodTemplate); err != nil {
		return v1alpha1.PodSettings{}, err
	}
	merged, err := mergePatches(all, own.PodTemplate)
	if err != nil {
		return v1alpha1.PodSettings{}, fmt.Errorf("spec.%s: %w", name, err)
	}
	out := *own.DeepCopy()
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
		RuntimeSpec:   *r.Runtime.DeepCopy(),
		PodSettings:   *settings.DeepCopy(),
		ConfigMapName: r.ConfigMap,
		BasePath:      r.BasePath,
		StatsdHost:    r.StatsdHost,
		Release:       r.Hash(),
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
