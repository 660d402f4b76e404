// SPDX-License-Identifier: Apache-2.0

package rollback

import (
	"slices"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
)

// keyTo adds the re-encryption with the target's secret key where it is needed. Its
// Job needs the image of a release that has both keys; re-encrypting twice changes
// nothing.
func keyTo(s *state.Snapshot, target state.Release, h v1alpha1.RollbackStatus) v1alpha1.RollbackStatus {
	with, ok := keyHolder(s, target, s.StoredRelease(h.Release))
	if !ok {
		return frozen("stored secrets are encrypted with another secret key than that of %s, and no stored release has both: see spec.previousSecretKeyFrom", target.Version)
	}
	if with.Hash == "" {
		return h
	}
	h.Class, h.Reencrypt, h.Release = v1alpha1.RollbackDowngrade, true, with.Hash
	h.Reason += "; stored secrets are re-encrypted with the previous key"
	return h
}

// keyHolder is the stored release whose Job can re-encrypt with the key of target; the
// zero Release when target already has the key in use. ok is false when there is none.
// only, when it is not the zero Release, must be it.
func keyHolder(s *state.Snapshot, target, only state.Release) (holder state.Release, ok bool) {
	for _, key := range s.Keys {
		if key == "" || key == target.Key {
			continue
		}
		i := slices.IndexFunc(s.Stored, func(r state.Release) bool {
			return r.Key == key && r.PreviousKey == target.Key && (only.Hash == "" || only.Hash == r.Hash)
		})
		if i < 0 {
			return state.Release{}, false
		}
		holder = s.Stored[i]
	}
	return holder, true
}
