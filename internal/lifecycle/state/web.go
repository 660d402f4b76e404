// SPDX-License-Identifier: Apache-2.0

package state

import (
	"cmp"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// webAccess is whether Jobs reach web: as a Job of this phase has found it, else as it was
// before. A Job that gets no answer proves it only while a pod of web is ready, by the probes
// of its kubelet: then the path is what fails. Verify proves it only where no Job has reached
// web before: otherwise the new release may be the cause. A rollback has put back a release that
// served.
func (s *Snapshot) webAccess() v1alpha1.WebAccess {
	known, proves := s.Run.WebAccess, true
	var found v1alpha1.WebAccess
	switch s.Phase {
	case v1alpha1.PhaseValidate:
		found = s.Preflight.Result.Web
	case v1alpha1.PhaseVerify, v1alpha1.PhaseRollback:
		found = cmp.Or(s.Verify.Result.Web, s.Verify.Before.Web)
		proves = known != v1alpha1.WebReachable || s.Phase == v1alpha1.PhaseRollback
	default:
	}
	if found == v1alpha1.WebReachable || found == v1alpha1.WebUnreachable && proves && s.Tiers[Web].Ready > 0 {
		return found
	}
	return known
}
