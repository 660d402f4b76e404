// SPDX-License-Identifier: Apache-2.0

package state

import (
	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// TokensOf reads the annotations by which a user asks for something once.
func TokensOf(annotations map[string]string) v1alpha1.LastHandled {
	return v1alpha1.LastHandled{
		Rollback:       annotations[v1alpha1.AnnotationRollback],
		Approve:        annotations[v1alpha1.AnnotationApprove],
		Retry:          annotations[v1alpha1.AnnotationRetry],
		AcceptDataLoss: annotations[v1alpha1.AnnotationAcceptDataLoss],
	}
}
