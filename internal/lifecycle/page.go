// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// pageGrace is how long web is kept for the maintenance page to come up. A page
// that cannot start is reported, and never holds an upgrade.
const pageGrace = time.Minute

// front puts web, or the maintenance page, behind the web Service. The page is
// removed once nobody is led to it any more.
func (w *Work) front(o *Observation) {
	wanted := PageWanted(o)
	w.add(Action{Kind: ApplyService, Page: wanted && o.Page.Ready})
	switch {
	case wanted:
		w.add(Action{Kind: ApplyPage})
	case o.Page.Exists && !o.Page.InFront:
		w.add(Action{Kind: RemovePage})
	}
}

// PageWanted is true while a Drain, or a way back that changes the database,
// stops web that served, and as long as web is not back after it.
func PageWanted(o *Observation) bool {
	if !o.Policy.Page || !hasWeb(o) {
		return false
	}
	if o.run().Strategy == v1alpha1.StrategyDrain && o.phase() == dbMigrate || databaseTurns(o) {
		return o.Page.Exists || o.Tiers[Web].Pods > 0
	}
	return o.Page.Exists && !webUp(o)
}

// hasWeb is true while there is a web tier, or a Drain that has to bring it back.
func hasWeb(o *Observation) bool {
	switch o.phase() {
	case dbMigrate, scheduler, workers:
		return o.Tiers[Web].Exists || o.run().Strategy == v1alpha1.StrategyDrain && o.stored(o.run().FromRelease).Has[Web]
	default:
		return o.Tiers[Web].Exists
	}
}

// webUp is true when web serves with all the pods that it should have.
func webUp(o *Observation) bool {
	t := o.Tiers[Web]
	return t.Exists && t.Mode == v1alpha1.ModeServe && t.Settled && (t.Ready > 0 || t.Pods == 0)
}

// pageComes is true while web is kept until users see the page.
func pageComes(o *Observation) bool {
	return PageWanted(o) && !o.Page.InFront && o.Page.Blocked == "" && o.elapsed() < pageGrace &&
		o.Tiers[Web].Mode == v1alpha1.ModeServe && o.Tiers[Web].Ready > 0
}

// earlier is the shorter of two waits that are still to come.
func earlier(a, b time.Duration) time.Duration {
	if b <= 0 || a > 0 && a < b {
		return a
	}
	return b
}
