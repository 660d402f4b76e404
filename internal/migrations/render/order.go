// SPDX-License-Identifier: Apache-2.0

package render

import (
	"time"

	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Order describes the Job to render.
type Order struct {
	// Script that the Job runs.
	Script migrations.Script
	// Platform is where the Job runs.
	Platform components.Platform
	// Fence is the upgradeRevision that the Job belongs to.
	Fence int64
	// Attempt is the number of the attempt, starting with 1.
	Attempt int
	// Release is the release whose image and configuration the Job uses.
	Release *components.Release
	// Current is the release that serves now, which rehearse tests on the copy; nil for
	// Release.
	Current *components.Release
	// ExpectedRevision are the alembic revisions that verify accepts, separated by commas. It
	// is needed after an Image rollback, where the schema is newer than the image. Empty for
	// the image's head.
	ExpectedRevision string
	// MaxLock is how long a polite migration may hold the tables' locks (migrate);
	// 0 for a plain migration.
	MaxLock time.Duration
	// Revision is the target of a downgrade (empty: the schema is not changed), or the
	// revision of the backup to restore.
	Revision string
	// Reencrypt makes migrate re-encrypt stored secrets with the release's key, and downgrade
	// with the previous key.
	Reencrypt bool
	// Backup is the name of the backup to take or restore. SHA256 is the checksum in status of
	// the backup to restore; empty if it is not known.
	Backup, SHA256 string
	// AcceptedIdentity is the identity of the database that the backup is restored into, even if
	// it was taken from another one. AcceptedDrops is the digest of the objects of others that
	// the restore may drop; empty for none.
	AcceptedIdentity, AcceptedDrops string
	// Claim is the name of the claim with the backup to restore; empty for that of spec.
	Claim string
	// Database is the dialect, such as postgresql. It selects the default client image.
	Database string
	// AsUser makes preflight and verify run the checks of spec.upgrade.verify that log in or
	// soak. Queries makes them run its Prometheus queries.
	AsUser, Queries bool
	// WebReady makes preflight find out whether it reaches web. WebUnreachable makes verify skip
	// the checks of web if web does not answer.
	WebReady, WebUnreachable bool
	// BasePath is the path at which the web tier serves that preflight or verify asks; empty
	// for /.
	BasePath string
	// Workers are the hostnames of the pods whose Celery workers must answer (verify).
	Workers []string
}
