// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// rendering is what follows from the spec of a Superset alone.
type rendering struct {
	// release is the one that spec asks for; nil when it cannot be rendered.
	release *components.Release
	// target is its identity.
	target state.Release
	// invalid is why it cannot be rendered.
	invalid string
	// mounts are the ConfigMaps that the maintenance page and the exporters of spec mount.
	mounts []string
}

// rendered renders a spec, once for each generation of it.
func (r *Reconciler) rendered(s *v1alpha1.Superset) *rendering {
	key, version := client.ObjectKeyFromObject(s), fmt.Sprintf("%s/%d", s.UID, s.Generation)
	if known, ok := r.renderings.Get(key, version); ok {
		return known
	}
	out := renderingOf(s)
	r.renderings.Set(key, version, out)
	return out
}

// renderingOf renders the release that spec asks for. A spec that cannot be rendered is a
// target too, with an identity of its own.
func renderingOf(s *v1alpha1.Superset) *rendering {
	out := &rendering{mounts: exporterFiles(s)}
	if cm := components.PageConfigMap(s); cm != nil {
		out.mounts = append(out.mounts, cm.Name)
	}
	release, err := components.ReleaseOf(s)
	if err != nil {
		out.invalid = err.Error()
		out.target = state.Release{Hash: "invalid-" + components.Hash(out.invalid), Wish: components.WishOf(s), Version: s.Spec.Version}
		return out
	}
	out.release = release
	out.target = state.Release{
		Hash: release.Hash(), Wish: components.WishOf(s), Version: release.Runtime.Version,
		KeyPrefix: keyPrefix(&release.Runtime),
		Key:       refName(&release.Runtime.SecretKeyFrom), PreviousKey: refName(release.PreviousSecretKey), Database: refName(&release.Runtime.Database.URIFrom),
	}
	for tier, d := range components.Catalog {
		_, out.target.Has[tier] = release.Tiers[d.Name]
	}
	return out
}

// use makes a rendering the target of the observation.
func (w *observed) use(rendered *rendering) {
	w.desired, w.Desired, w.Invalid, w.mounts = rendered.release, rendered.target, rendered.invalid, rendered.mounts
}
