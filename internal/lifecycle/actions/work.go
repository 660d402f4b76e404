// SPDX-License-Identifier: Apache-2.0

package actions

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/lifecycle/plan"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Work is what to do in a phase: at most one action of a kind for each object.
type Work struct {
	Traffic Traffic
	Page    PageWork
	Tiers   [3]TierWork
	// Store stores the desired release; nil for nothing to store.
	Store *StoreRelease
	// Job is the Job to create; without a Script for none.
	Job RunJob
	// Prune removes releases and configs past the history limit.
	Prune bool
	// EndJobs removes the Jobs that nothing rests on and that do not end.
	EndJobs bool
}

// Traffic is what the web Service selects.
type Traffic uint8

// Where traffic goes.
const (
	TrafficUnchanged Traffic = iota
	TrafficToWeb
	TrafficToPage
)

// PageWork is what to do about the maintenance page.
type PageWork uint8

// What becomes of the maintenance page.
const (
	PageUnchanged PageWork = iota
	PageApplied
	PageRemoved
)

// TierWork is what to do about a tier.
type TierWork struct {
	// Apply gives the component this Release, Fence and Mode.
	Apply   bool
	Release string
	Fence   int64
	Mode    v1alpha1.Mode
	// Remove deletes the component.
	Remove bool
}

// Action is one write to the cluster, idempotent and repeated as long as the phase
// lasts: one of the types below.
type Action interface{ isAction() }

// The actions.
type (
	// RouteTraffic makes the web Service select web, or the maintenance page.
	RouteTraffic struct{ ToPage bool }
	// ApplyPage makes the maintenance page of the release that runs.
	ApplyPage struct{}
	// RemovePage deletes it.
	RemovePage struct{}
	// ApplyTier gives a component a release, a fence and a mode.
	ApplyTier struct {
		Tier    int
		Release string
		Fence   int64
		Mode    v1alpha1.Mode
	}
	// RemoveTier deletes a component that the release does not have.
	RemoveTier struct{ Tier int }
	// StoreRelease stores the desired release with its plan and its config.
	StoreRelease struct {
		plan.Planned
		// Head is the schema revision of its image.
		Head string
	}
	// RunJob creates a Job, once.
	RunJob struct {
		Script  migrations.Script
		Attempt int
		Release string
		Fence   int64
		// Current is the release that runs now, for a rehearsal.
		Current string
		// ExpectedRevision is what verify must find: one or more, comma-separated; empty
		// for the head of the image.
		ExpectedRevision string
		// AsUser runs the user checks of spec.upgrade.verify, Queries its Prometheus
		// queries.
		AsUser, Queries bool
		// WebReady makes preflight find out whether Jobs reach web, and WebUnreachable makes
		// verify skip the checks of web if it does not answer.
		WebReady, WebUnreachable bool
		// Revision is where a downgrade leads, and what a restored backup has.
		Revision string
		// Backup is the name of the backup to take or to restore.
		Backup string
		// Reencrypt re-encrypts stored secrets: a migration with the new key, a downgrade
		// with the previous one.
		Reencrypt bool
		// MaxLockTime makes a migration lock every table first and hold the locks no
		// longer; 0 for a migration without table locks.
		MaxLockTime time.Duration
	}
	// EndJobs deletes preflight, rehearse, backup and verify Jobs that run and that no
	// phase waits for, and Jobs whose script has ended and whose pod does not. Never a Job
	// that may still change the schema.
	EndJobs struct{}
	// Prune removes releases and configs past the history limit.
	Prune struct{}
)

func (RouteTraffic) isAction() {}
func (ApplyPage) isAction()    {}
func (RemovePage) isAction()   {}
func (ApplyTier) isAction()    {}
func (RemoveTier) isAction()   {}
func (StoreRelease) isAction() {}
func (RunJob) isAction()       {}
func (EndJobs) isAction()      {}
func (Prune) isAction()        {}

// NeedsAll is true for an action that is left out when one before it fails. A Job rests on
// the traffic and the tiers around it, so nothing is stopped for a Job that cannot be created.
// What may be pruned is known only when everything else has what it needs. The other actions
// do not depend on each other: what must come first is observed before the next is decided.
func NeedsAll(a Action) bool {
	switch a := a.(type) {
	case RunJob, Prune:
		return true
	case ApplyTier:
		return a.Mode == v1alpha1.ModeHold
	default:
		return false
	}
}

// Actions lists the work in the order in which it must be done.
func (w *Work) Actions() []Action {
	var out []Action
	if w.Traffic != TrafficUnchanged {
		out = append(out, RouteTraffic{ToPage: w.Traffic == TrafficToPage})
	}
	switch w.Page {
	case PageApplied:
		out = append(out, ApplyPage{})
	case PageRemoved:
		out = append(out, RemovePage{})
	case PageUnchanged:
	}
	out = append(out, w.tierActions()...)
	if w.Store != nil {
		out = append(out, *w.Store)
	}
	if w.Job.Script != "" {
		out = append(out, w.Job)
	}
	if w.Prune {
		out = append(out, Prune{})
	}
	if w.EndJobs {
		out = append(out, EndJobs{})
	}
	return out
}

func (w *Work) tierActions() (out []Action) {
	for tier, t := range w.Tiers {
		switch {
		case t.Apply:
			out = append(out, ApplyTier{tier, t.Release, t.Fence, t.Mode})
		case t.Remove:
			out = append(out, RemoveTier{tier})
		}
	}
	return out
}
