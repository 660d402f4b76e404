// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// release is an index of releases; 0 is none.
type release uint8

// The releases that users may ask for.
const (
	none release = iota
	relA         // what is installed first
	relB         // an upgrade of it
	relC         // an upgrade of relB
	relD         // a config change of relA that has web alone
	relX         // a version that no rule lets pass
	relY         // one that cannot be rendered
	releaseCount
)

// about is what there is to know of a release.
type about struct {
	hash, version string
	// head is the schema revision that its image brings.
	head uint8
	has  [3]bool
	// invalid: it must be refused before anything is touched.
	invalid bool
	// broken says why it cannot be rendered; empty when it can.
	broken string
}

var all = [3]bool{true, true, true}

var releases = [releaseCount]about{
	relA: {hash: "a", version: "5.0.0", head: 1, has: all},
	relB: {hash: "b", version: "6.0.0", head: 2, has: all},
	relC: {hash: "c", version: "6.1.0", head: 3, has: all},
	relD: {hash: "d", version: "5.0.0", head: 1, has: [3]bool{lifecycle.Web: true}},
	relX: {hash: "x", version: "9.0.0", head: 4, has: all, invalid: true},
	relY: {hash: "y", version: "6.0.0", head: 2, has: all, invalid: true, broken: "spec.config.raw is wrong"},
}

// releaseOf finds a release by its hash; none for the empty one.
func releaseOf(hash string) release {
	for i := range releases {
		if releases[i].hash == hash {
			return release(i) //nolint:gosec // a small table
		}
	}
	panic("release " + hash + " is not in the catalog")
}

// revisionName is an alembic revision in words of the operator.
func revisionName(r uint8) string {
	if r == 0 {
		return ""
	}
	return strconv.Itoa(int(r))
}

// revisionSet reads a list of revisions, as verify is told it, into bits.
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
	migrate
	verify
	scriptCount
)

// scriptAbout is what there is to know of a script: to add one, add its row, and
// its steps in world.go.
type scriptAbout struct {
	name migrations.Script
	// changes: it changes the schema, under the database's lock.
	changes bool
	// waits are the phases in which somebody waits for it. One that nobody waits
	// for is ended, unless it changes the schema.
	waits []phase
	// fails are the failures that its own image or network can bring.
	fails []jobState
}

var scripts = [scriptCount]scriptAbout{
	preflight: {name: migrations.Preflight, waits: []phase{pValidate}, fails: []jobState{failedForGood, failedForNow}},
	migrate:   {name: migrations.Migrate, changes: true, fails: []jobState{failedForGood, failedForNow}},
	verify:    {name: migrations.Verify, waits: []phase{pVerify, pRollback}, fails: []jobState{failedForGood, failedForNow}},
}

func scriptOf(name migrations.Script) script {
	for i := range scripts {
		if scripts[i].name == name {
			return script(i) //nolint:gosec // a small table
		}
	}
	panic(fmt.Sprintf("script %q is not in the catalog: the model does not know it yet", name))
}

var tierNames = [3]string{lifecycle.Scheduler: "scheduler", lifecycle.Worker: "worker", lifecycle.Web: "web"}
