// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	batchv1 "k8s.io/api/batch/v1"
)

// BackupsVolume is the name of the volume of a Job's pod with the claim for backups.
const BackupsVolume = "backups"

// setClaim records the claim of the Job that took the backup. It does nothing for nil.
func (b *BackupResult) setClaim(job *batchv1.Job) {
	if b != nil {
		b.Claim = ClaimOf(job)
	}
}

// ClaimOf is the name of the claim that a Job's pod mounts for backups; empty if there is none.
func ClaimOf(job *batchv1.Job) string {
	for _, v := range job.Spec.Template.Spec.Volumes {
		if v.Name == BackupsVolume && v.PersistentVolumeClaim != nil {
			return v.PersistentVolumeClaim.ClaimName
		}
	}
	return ""
}
