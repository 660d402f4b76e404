// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// pageTitle is in the manifest, and so on the maintenance page.
const pageTitle = "Back in a few minutes (end-to-end test)"

// journey is what one Superset goes through, in a namespace and a database of its
// own.
type journey struct {
	name string
	// from is installed and used, to is what each way there leads to; both are in
	// test/images/pins.json.
	from, to string
	ways     []way
}

// way is an upgrade, and how it is taken back. Each begins at the journey's first
// release, whose data it must leave as they were.
type way struct {
	name string
	// strategy, choice and backup are written into spec.upgrade.
	strategy v1alpha1.Strategy
	choice   v1alpha1.RollbackChoice
	backup   bool
	// breaks is the check that fails at the image variant of the target; empty for
	// one that is verified, and taken back by annotation.
	breaks, variant string
	// took is the class of the way back in the end.
	took v1alpha1.RollbackClass
	// fellBack is in the message where another class was tried before.
	fellBack string
	// drained allows the way back to show the maintenance page.
	drained bool
	// loses what was written after the upgrade, on the user's word.
	loses bool
	// leftovers are the beginnings of what may differ in the schema afterwards; nil
	// where it stays that of the newer release.
	leftovers []string
}

// The order within a journey matters for what can be found: Restore leads back to
// the very schema, a Downgrade leaves something behind, which the next way then
// finds there already.
var journeys = []journey{
	{name: "beside-traffic", from: "5.0.0", to: "6.0.0", ways: []way{{
		name: "Image", choice: v1alpha1.RollbackAuto, took: v1alpha1.RollbackImage,
	}}},
	{name: "with-backup", from: "5.0.0", to: "6.0.0", ways: []way{{
		name: "Restore", strategy: v1alpha1.StrategyDrain, backup: true, choice: "Restore",
		took: v1alpha1.RollbackRestore, drained: true, loses: true, leftovers: []string{},
	}, {
		name: "Downgrade", choice: "Downgrade", took: v1alpha1.RollbackDowngrade, drained: true, leftovers: knownLeftovers,
	}, {
		name: "BreaksLate", choice: "Downgrade", variant: "login-page-fails", breaks: "LoginPage",
		took: v1alpha1.RollbackDowngrade, drained: true, leftovers: knownLeftovers,
	}}},
	{name: "no-downgrade", from: "4.1.4", to: "5.0.0", ways: []way{{
		name: "FallsToImage", choice: "Downgrade", took: v1alpha1.RollbackImage, drained: true,
		fellBack: "by class Image, because Downgrade failed (DowngradeFailed: ",
	}}},
}

// TestJourneys are those of users: install a release, make something in it, upgrade,
// find it again, go back, find it again, by each way there is.
func TestJourneys(t *testing.T) {
	c := connect(t)
	c.deployOperator(t)
	r := &results{}
	for _, j := range journeys {
		t.Run(j.name, func(t *testing.T) { j.run(t, c, r) })
	}
	if !t.Failed() && r.complete() {
		r.write(t)
	}
}

func (j journey) run(t *testing.T, c cluster, r *results) {
	c = c.tenant(t, j.name)
	log := &journal{}
	kept := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { defer close(kept); log.keep(ctx, t, c) }()
	defer func() { cancel(); <-kept }()

	trip := &trip{cluster: c, journey: j, log: log, results: r}
	trip.settle(t)
	for _, w := range j.ways {
		if t.Failed() {
			break // it would begin anywhere
		}
		t.Run(w.name, func(t *testing.T) { trip.take(t, w) })
	}
}

// trip is a journey under way.
type trip struct {
	cluster
	journey
	log     *journal
	results *results
	// made is what the user has made at the first release.
	made belongings
}

// settle installs the first release from nothing, and uses it.
func (j *trip) settle(t *testing.T) {
	t.Helper()
	begun := time.Now()
	j.apply(t, render(t, supersetText, tenant{Namespace: j.namespace, Version: j.from}))
	j.reaches(t, v1alpha1.PhaseReady, j.from)
	j.results.add(t, j.cluster, j.log, stage{Name: "Install " + j.from}, begun)
	j.createAdmin(t, j.from)
	user := j.user(t)
	j.made = user.create(t, j.databaseURI(t))
	user.check(t, j.made)
	if j.results.Memory == nil {
		j.results.Memory = memory(t)
	}
}

// user logs in.
func (j *trip) user(t *testing.T) *session {
	t.Helper()
	return j.login(t, j.webAddress(t, "bi"))
}
