// SPDX-License-Identifier: Apache-2.0

package model

import "github.com/superset-operator/superset-operator/api/v1alpha1"

// state is one state of the model. It is comparable, and small because there are millions of them.
type state struct {
	// live has the objects of the API server.
	live objects
	// old has the cached copy of each kind whose cache is stale; the zero value for the other kinds,
	// so that equivalent states are equal.
	old objects
	// stale has a bit for each kind whose cache is stale. hidden has a bit for each kind whose cache is
	// current, but can be stale again after a restart.
	stale, hidden uint8
	// schema is the revision of the database; dirty is true if it is partially migrated.
	schema uint8
	dirty  bool
	// key is the key of the stored secrets; backups are the dumps, the newest first.
	key     secretKey
	backups [keepBackups]dump
	page    uint8
	clock   uint8
	// slots has a bit for each kind of run whose slots other Supersets hold.
	slots uint8
	// work is the decision that the operator executes; late is that of a leader that has lost its
	// lease with pending writes.
	work, late inflight
	// made: the operator has created a Job that its cache does not show yet; wrote: it has
	// written a status that its cache does not show yet.
	made, wrote bool
	// renderer is true while the other release of the operator runs: see renderedBy. asked: a user has
	// edited spec or set a token since the last run began; only where the operator is replaced.
	renderer, asked bool
	left            budgets
}

// dump is a backup: the fence in its name, and its content.
type dump struct {
	fence, schema uint8
	key           secretKey
}

// keepBackups is spec.upgrade.backup.keep.
const keepBackups = 2

// objects has one object or list of each kind. Large ones are interned.
type objects struct {
	superset uint32 // of model.supersets
	tiers    [3]tier
	pods     [3]pods
	jobs     uint32 // of model.jobLists
	store    uint32 // of model.stores
}

// The kinds, each with its own cache. The first three are the components.
const (
	kindSuperset = 3
	kindPods     = 4
	kindJobs     = 5
	kindStore    = 6
	kindCount    = 7
	noKind       = -1
)

var kindNames = [kindCount]string{"SupersetAsyncScheduler", "SupersetAsyncWorker", "SupersetWebWorker", "Superset", "Pod", "Job", "ControllerRevision"}

// take copies one kind.
func (o *objects) take(from *objects, kind int) {
	switch kind {
	case kindSuperset:
		o.superset = from.superset
	case kindPods:
		o.pods = from.pods
	case kindJobs:
		o.jobs = from.jobs
	case kindStore:
		o.store = from.store
	default:
		o.tiers[kind] = from.tiers[kind]
	}
}

// superset is the Superset object.
type superset struct {
	desired         release
	paused          bool
	rollback, retry uint8  // numbers of tokens; 0 for none
	approve, accept uint16 // of model.texts; 0 for none
	status          uint32 // of model.statuses
}

// tier is a component object.
type tier struct {
	release release // none when there is no object
	fence   uint8
	flags   uint8
}

const (
	tierHolds   = 1 << iota // mode Hold, else Serve
	tierCurrent             // status is for the current spec
	tierSettled             // status is Ready
	tierRemade              // flips with each creation, in place of a uid
	tierDeleted             // is being deleted, until its pods are gone
)

func (t tier) is(flag uint8) bool { return t.flags&flag != 0 }

// exists is true if there is a component object.
func (t tier) exists() bool { return t.release != none }

// serves is true if its spec asks for pods.
func (t tier) serves() bool { return t.exists() && !t.is(tierHolds) }

// pod is the release and state of a pod.
type pod struct {
	release release
	at      podState
}

type podState uint8

const (
	podReady podState = iota
	podEnding
	podCrashing
)

// pods of a tier: the existing one, and the new one during a roll.
type pods struct{ current, next pod }

func (p pods) count() int {
	n := 0
	for _, one := range []pod{p.current, p.next} {
		if one.release != none {
			n++
		}
	}
	return n
}

// job is the newest attempt of a script under a fence.
type job struct {
	script  script
	fence   uint8
	attempt uint8
	// waits counts the earlier attempts that timed out on a lock, or whose result was lost.
	waits   uint8
	lost    bool // it has ended, and its pod is gone
	release release
	at      jobState
	// backedOff: the backoff before the next attempt is over.
	backedOff bool
	// revision of the database that the script has read last.
	revision uint8
	// expects are the revisions that verify accepts, as bits; 0 for the head.
	expects uint8
	// polite: it is a polite migration; reencrypts: it changes the key.
	polite, reencrypts bool
	// to is the target revision of a downgrade; 0 to keep the schema. backup is the fence of the
	// backup that is taken or restored, and kept that of the previous backup if it is kept.
	to, backup, kept uint8
}

type jobState uint8

const (
	noJob jobState = iota
	active
	inside    // holds the database lock
	committed // has changed the schema and has not ended
	succeeded
	failedPermanently // a permanent failure
	failedRetryable   // a retryable failure: DatabaseUnreachable
	failedInChange    // during its change
	keyInvalid        // stored secrets are encrypted with a different key
	lockTimeout       // LockTimeout: another migration ran
	overBudget        // LockBudgetExceeded
	tablesBusy
	databaseAhead
	mismatch
	crashed
	crashedAfterCommit // after the commit, without a termination message
	initFailed         // after the commit
)

func (j jobState) runs() bool { return j == active || j == inside || j == committed }

// maxJobs limits the number of Jobs in a state.
const maxJobs = 16

// jobList has the Jobs in the order of their creation, without gaps.
type jobList [maxJobs]job

// stored is a stored release.
type stored struct {
	revision uint8 // 0 when it is not stored
	head     uint8
	plan     uint16 // of model.texts
}

type store [releaseCount]stored

// inflight is a decision that is being executed.
type inflight struct {
	verdict uint32 // of model.verdicts; 0 for none
	next    uint8
	// stale: the Superset has changed since it was read for this decision.
	stale bool
}

// Bits of the clock.
const (
	clockLate  = 1 << iota // the phase is past its deadline
	clockGrace             // the wait for the page is over
	clockAway              // a long time has passed while paused or without an operator, before the last look
)

// slotKinds are the kinds of slots; the index is the bit in state.slots.
var slotKinds = []v1alpha1.SlotKind{v1alpha1.SlotRollout, v1alpha1.SlotUpgrade}

// Bits of the maintenance page.
const (
	pageExists = 1 << iota
	pageReady
	pageHasTraffic
	pageBlocked
)
