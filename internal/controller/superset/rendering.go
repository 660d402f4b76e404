// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/connections"
	"github.com/superset-operator/superset-operator/internal/controller/copies"
	"github.com/superset-operator/superset-operator/internal/controller/secrets"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/settings"
)

// rendering is what follows from the spec of a Superset, and from the files that it copies.
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

// render renders the release that spec asks for. What it copies from ConfigMaps is that of a
// stored release with the same references and revision; otherwise it is read from the API server.
func (r *Reconciler) render(ctx context.Context, s *v1alpha1.Superset, w *observed) error {
	s = secrets.With(s, w.Secrets.Known)
	wanted := settings.Copies(&s.Spec.Config)
	if wanted == "" {
		w.use(r.rendered(s, nil))
		return nil
	}
	if copied, found := r.storedCopy(ctx, s, w, wanted); found {
		w.use(r.rendered(s, copied))
		return nil
	}
	copied, missing, err := copies.Read(ctx, r.live, s.Namespace, settings.References(&s.Spec.Config))
	if err != nil {
		return err
	}
	out := renderingOf(s, copied)
	if w.NoConfig = missing; missing != "" {
		out.release, out.invalid = nil, ""
		out.target = state.Release{Hash: "unread-" + components.WishOf(s), Wish: components.WishOf(s), Version: s.Spec.Version}
	}
	w.use(out)
	return nil
}

// storedCopy are the files of the newest stored release that has the copy which spec asks for.
func (r *Reconciler) storedCopy(ctx context.Context, s *v1alpha1.Superset, w *observed, wanted string) (files map[string]string, found bool) {
	for i := range w.Stored {
		if release, err := r.load(ctx, s, w, w.Stored[i].Hash); err == nil && release.Copies == wanted {
			return release.Files, true
		}
	}
	return nil, false
}

// rendered renders a spec, once for each generation of it and token of Secrets. copied are the files of a stored
// release; nil for none.
func (r *Reconciler) rendered(s *v1alpha1.Superset, copied map[string]string) *rendering {
	key, version := client.ObjectKeyFromObject(s), fmt.Sprintf("%s/%d/%s", s.UID, s.Generation, components.SecretsToken(s))
	if known, ok := r.renderings.Get(key, version); ok {
		return known
	}
	out := renderingOf(s, copied)
	r.renderings.Set(key, version, out)
	return out
}

// renderingOf renders the release that spec asks for, with the files that it copies. A spec that
// cannot be rendered is a target too, with an identity of its own.
func renderingOf(s *v1alpha1.Superset, copied map[string]string) *rendering {
	out := &rendering{mounts: exporterFiles(s)}
	if cm := components.PageConfigMap(s); cm != nil {
		out.mounts = append(out.mounts, cm.Name)
	}
	release, err := components.ReleaseOf(s, copied)
	if err != nil {
		out.invalid = err.Error()
		out.target = state.Release{Hash: "invalid-" + components.Hash(out.invalid), Wish: components.WishOf(s), Version: s.Spec.Version}
		return out
	}
	out.release = release
	out.target = state.Release{
		Hash: release.Hash(), Wish: components.WishOf(s), Version: release.Runtime.Version, Init: release.Init,
		KeyPrefix: keyPrefix(&release.Runtime),
		Key:       refName(&release.Runtime.SecretKeyFrom), PreviousKey: refName(release.PreviousSecretKey), Database: connections.DatabaseName(release.Runtime.Database.DatabaseConnection),
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
