// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"strconv"
	"strings"

	machine "github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// release is an index of releases; 0 is none.
type release uint8

// The releases that users can set in spec.
const (
	none  release = iota
	relA          // the first installed release
	relB          // an upgrade of it
	relC          // an upgrade of relB
	relD          // a config change of relA with only web
	relX          // a version that the rules refuse
	relY          // a release that cannot be rendered
	relE          // an upgrade of relA to a version that is not tested
	relK          // relA with another secret key
	relA2         // relA as another release of the operator renders it
	relB2         // relB as another release of the operator renders it
	releaseCount
)

// releaseInfo describes a release.
type releaseInfo struct {
	hash, version string
	// head is the schema revision of its image.
	head uint8
	has  [3]bool
	// invalid: it must be refused before anything is touched.
	invalid bool
	// key is the secret key, and before the previous one, which stored secrets may still be
	// encrypted with.
	key, before secretKey
	// broken is the reason why it cannot be rendered; empty if it can.
	broken string
	// wish is the release with the same spec that the operator renders first; none for itself.
	wish release
}

// secretKey is an index of secret keys; 0 is none.
type secretKey uint8

const (
	keyOld secretKey = iota + 1
	keyNew
)

func (k secretKey) name() string { return [...]string{"", "key/old", "key/new"}[k] }

func keyOf(name string) secretKey {
	for k := range keyNew + 1 {
		if k.name() == name {
			return k
		}
	}
	panic("key " + name + " is not in the catalog")
}

var all = [3]bool{true, true, true}

var releases = [releaseCount]releaseInfo{
	relA: {hash: "a", version: "5.0.0", head: 1, has: all, key: keyOld},
	relB: {hash: "b", version: "6.0.0", head: 2, has: all, key: keyOld},
	relC: {hash: "c", version: "6.1.0", head: 3, has: all, key: keyOld},
	relD: {hash: "d", version: "5.0.0", head: 1, has: [3]bool{machine.Web: true}, key: keyOld},
	relX: {hash: "x", version: "9.0.0", head: 5, has: all, invalid: true, key: keyOld},
	relY: {hash: "y", version: "6.0.0", head: 2, has: all, invalid: true, broken: "spec.config.raw is wrong", key: keyOld},
	relE: {hash: "e", version: "6.5.0", head: 4, has: all, key: keyOld},
	relK: {hash: "k", version: "5.0.0", head: 1, has: all, key: keyNew, before: keyOld},

	relA2: {hash: "a2", version: "5.0.0", head: 1, has: all, key: keyOld, wish: relA},
	relB2: {hash: "b2", version: "6.0.0", head: 2, has: all, key: keyOld, wish: relB},
}

// wish is the release that users set in spec to get this one.
func (r release) wish() release {
	if w := releases[r].wish; w != none {
		return w
	}
	return r
}

// renderedBy is what an operator makes of a spec: the other release of the operator renders some
// differently.
func (r release) renderedBy(other bool) release {
	if other {
		for i := range releases {
			if releases[i].wish == r && r != none {
				return release(i)
			}
		}
	}
	return r
}

// releaseOf finds a release by its hash; none for the empty hash.
func releaseOf(hash string) release {
	for i := range releases {
		if releases[i].hash == hash {
			return release(i)
		}
	}
	panic("release " + hash + " is not in the catalog")
}

// revisionName is the name of an Alembic revision in the API.
func revisionName(r uint8) string {
	if r == 0 {
		return ""
	}
	return strconv.Itoa(int(r))
}

// revisionOf parses a name of revisionName.
func revisionOf(name string) uint8 {
	n, err := strconv.Atoi(name)
	if err != nil {
		return 0
	}
	return uint8(n)
}

// revisionSet parses the list of revisions that verify accepts into bits.
func revisionSet(list string) uint8 {
	var set uint8
	for _, name := range strings.Split(list, ",") {
		if n, err := strconv.Atoi(name); err == nil {
			set |= 1 << n
		}
	}
	return set
}

// script is an index of scripts.
type script uint8

const (
	preflight script = iota
	backupCheck
	backup
	migrate
	verify
	downgrade
	restoreCheck
	restore
	scriptCount
)

// scriptInfo describes a script. To add one, add its row here and its steps in jobs.go.
type scriptInfo struct {
	name migrations.Script
	// changes: it changes the schema under the database lock. broken is the reason that it reports
	// when it fails during the change.
	changes bool
	broken  migrations.Reason
	// waits are the phases that wait for it. In other phases the Job is deleted, unless it changes
	// the schema.
	waits []phase
}

var scripts = [scriptCount]scriptInfo{
	preflight:    {name: migrations.Preflight, waits: []phase{pValidate}},
	backupCheck:  {name: migrations.BackupCheck, waits: []phase{pValidate}},
	backup:       {name: migrations.Backup, waits: []phase{pDBMigrate}},
	migrate:      {name: migrations.Migrate, changes: true, broken: migrations.ReasonMigrationFailed},
	verify:       {name: migrations.Verify, waits: []phase{pVerify, pRollback}},
	downgrade:    {name: migrations.Downgrade, changes: true, broken: migrations.ReasonDowngradeFailed},
	restoreCheck: {name: migrations.RestoreCheck, waits: []phase{pRollback}},
	restore:      {name: migrations.Restore, changes: true, broken: migrations.ReasonRestoreFailed},
}

func scriptOf(name migrations.Script) script {
	for i := range scripts {
		if scripts[i].name == name {
			return script(i)
		}
	}
	panic(fmt.Sprintf("script %q is not in the catalog of the model", name))
}

var tierNames = [3]string{machine.Scheduler: "scheduler", machine.Worker: "worker", machine.Web: "web"}
