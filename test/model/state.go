// SPDX-License-Identifier: Apache-2.0

package model

// state is the whole world at one moment: comparable, and small, for there are
// millions of them.
type state struct {
	// live is what the API server holds.
	live objects
	// old has the copy of each kind whose cache lags; the zero value for the
	// others, so that equal worlds are equal states.
	old objects
	// lag has a bit for each kind whose cache shows the old copy. hidden has one
	// for each whose old copy was seen past, and may come back after a restart.
	lag, hidden uint8
	// schema is the revision of the database; dirty is true when it is between
	// two of them.
	schema uint8
	dirty  bool
	// key is what is stored is encrypted with; backups are the dumps, the newest
	// first.
	key     secretKey
	backups [keepBackups]dump
	page    uint8
	clock   uint8
	// work is the decision that the operator carries out; late is that of a leader
	// that lost its lease with its writes still in hand.
	work, late inflight
	// made: the operator has made a Job that its cache does not show yet.
	made bool
	left budgets
}

// dump is a backup: the fence that it is named after, and what it holds.
type dump struct {
	fence, schema uint8
	key           secretKey
}

// keepBackups is spec.upgrade.backup.keep.
const keepBackups = 2

// objects are one object, or one list, of each kind. Large ones are interned.
type objects struct {
	superset uint32 // of model.supersets
	tiers    [3]tier
	pods     [3]pods
	jobs     uint32 // of model.jobLists
	store    uint32 // of model.stores
}

// The kinds, each with a cache of its own. The first three are the components.
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

// superset is the object as users and the operator write it.
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
	tierCurrent             // status answers this very spec
	tierSettled             // and says Ready
	tierRemade              // flips with each creation: the uid
	tierDeleted             // is being deleted, once its pods are gone
)

func (t tier) is(flag uint8) bool { return t.flags&flag != 0 }

// exists is true when there is a component object.
func (t tier) exists() bool { return t.release != none }

// serves is true when its spec asks for pods.
func (t tier) serves() bool { return t.exists() && !t.is(tierHolds) }

// pod is a release and what becomes of the pod.
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

// pods of a tier: the one that stands, and in a roll the new one beside it.
type pods struct{ stands, comes pod }

func (p pods) count() int {
	n := 0
	for _, one := range []pod{p.stands, p.comes} {
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
	// waits counts the attempts before it that waited for a lock; before is how
	// the last one ended.
	waits   uint8
	before  jobState
	broke   bool // one of them may have left a change half done
	release release
	at      jobState
	// rested: the pause before another attempt is over.
	rested bool
	// revision of the database as the script has read it last.
	revision uint8
	// expects are the revisions that verify takes, as bits; 0 for the head.
	expects uint8
	// polite: it locks the tables that others use; reencrypts: it changes the key.
	polite, reencrypts bool
	// to is the revision that a downgrade leads to; 0 to leave the schema. backup
	// is the fence of the one that is taken or put back, and kept that of the one
	// before it, if it stays.
	to, backup, kept uint8
}

type jobState uint8

const (
	noJob jobState = iota
	active
	inside    // has the database's lock
	committed // has changed the schema, and not ended
	succeeded
	failedForGood // a reason that does not pass
	failedForNow  // DatabaseUnreachable
	failedInside  // in the middle of its change
	keyInvalid    // what is stored is encrypted with another key
	lockTimeout   // another migration ran
	overBudget    // LockBudgetExceeded
	tablesBusy
	databaseAhead
	mismatch
	crashed
	crashedLate // after the commit: the schema has moved and nobody says so
	initFailed  // after the commit
)

func (j jobState) runs() bool { return j == active || j == inside || j == committed }

// maxJobs bounds the Jobs that matter at one time.
const maxJobs = 12

// jobList has the Jobs in the order of their creation, without gaps.
type jobList [maxJobs]job

// stored is a release in store.
type stored struct {
	revision uint8 // 0 when it is not stored
	head     uint8
	plan     uint16 // of model.texts
}

type store [releaseCount]stored

// inflight is a decision that is being carried out.
type inflight struct {
	verdict uint32 // of model.verdicts; 0 for none
	next    uint8
	// stale: the Superset has changed since it was read for this decision.
	stale bool
}

// Bits of the clock.
const (
	clockLate  = 1 << iota // the phase is past its deadline
	clockGrace             // the page has had its time
)

// Bits of the maintenance page.
const (
	pageExists = 1 << iota
	pageReady
	pageInFront
	pageBlocked
)
