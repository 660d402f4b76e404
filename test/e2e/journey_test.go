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
	// alert has beat send one to the workers each minute.
	alert bool
	// config is Python that the configuration has beside, a line each.
	config []string
	// onMySQL has the metadata database there.
	onMySQL bool
	ways    []way
}

// way is an upgrade, and how it is taken back. Each begins at the journey's first
// release, whose data it must leave as they were.
type way struct {
	name string
	// strategy, choice and backup are written into spec.upgrade.
	strategy v1alpha1.Strategy
	choice   v1alpha1.RollbackChoice
	backup   bool
	// to is where it leads and stays: the next way begins there. Empty for the
	// journey's target, and back again.
	to string
	// variant of the target's image, which is broken.
	variant string
	// config takes the place of the journey's, in the same edit as the version.
	config []string
	// soak is what spec.upgrade.verify has of it.
	soak time.Duration
	// refused is the reason for which Validate does, with says in the message; nothing
	// is touched then.
	refused, says string
	// breaks is how the message begins with which the run fails in a phase, and goes
	// back by itself; empty for one that is taken back by annotation.
	breaks string
	in     v1alpha1.Phase
	// rehearsal is what one says of the downgrade; empty for a way without one.
	rehearsal v1alpha1.Finding
	// faults happen on the way, and suffers allows users to notice.
	faults  []fault
	suffers bool
	// diskFull leaves no place for a backup.
	diskFull bool
	// took is the class of the way back in the end.
	took v1alpha1.RollbackClass
	// fellBack is in the message where another class was tried before.
	fellBack string
	// halfway is where the class before it failed and left half of itself.
	halfway bool
	// drained allows the way back to show the maintenance page; of a way that stays it
	// says that a Drain follows a Rolling which held the tables for too long.
	drained bool
	// loses what was written after the upgrade, on the user's word.
	loses bool
	// leftovers are the beginnings of what may differ in the schema afterwards; nil
	// where it stays that of the newer release.
	leftovers []string
}

// executeAs is a setting of 4.1's documentation which 5.0 neither knows nor can read:
// ExecutorType has lost that name. The second is what its notes for upgrades say instead.
var (
	executeAs  = []string{"from superset.tasks.types import ExecutorType", "ALERT_REPORTS_EXECUTE_AS = [ExecutorType.SELENIUM]"}
	executeAs5 = []string{"from superset.tasks.types import FixedExecutor", `ALERT_REPORTS_EXECUTORS = [FixedExecutor("admin")]`}
)

// The order within a journey matters for what can be found: Restore leads back to
// the very schema, a Downgrade leaves something behind, which the next way then
// finds there already.
var journeys = []journey{
	{name: "beside-traffic", from: "5.0.0", to: "6.0.0", ways: []way{{
		name: "DriverMissing", variant: "driver-missing", refused: "DriverMissing",
	}, {
		name: "Image", choice: v1alpha1.RollbackAuto, took: v1alpha1.RollbackImage,
	}, {
		name: "Crashes", variant: "web-crashes", soak: 3 * time.Minute, breaks: "Restarts", in: v1alpha1.PhaseVerify,
		took: v1alpha1.RollbackImage, suffers: true, leftovers: []string{},
	}, {
		name: "MigrationFails", variant: "migration-fails", breaks: "MigrationFailed", in: v1alpha1.PhaseDBMigrate,
		took: v1alpha1.RollbackImage, leftovers: []string{},
	}, {
		name: "HoldsLocks", to: "6.0.0", variant: "migration-holds-locks", drained: true,
	}}},
	{name: "with-backup", from: "5.0.0", to: "6.0.0", ways: []way{{
		name: "DiskFull", strategy: v1alpha1.StrategyDrain, backup: true, diskFull: true,
		breaks: "BackupFailed", in: v1alpha1.PhaseDBMigrate, took: v1alpha1.RollbackImage, drained: true, leftovers: []string{},
	}, {
		name: "Restore", strategy: v1alpha1.StrategyDrain, backup: true, choice: "Restore",
		took: v1alpha1.RollbackRestore, drained: true, loses: true, leftovers: []string{},
	}, {
		name: "Downgrade", choice: "Downgrade", took: v1alpha1.RollbackDowngrade, drained: true, leftovers: knownLeftovers,
	}, {
		name: "BreaksLate", choice: "Downgrade", variant: "login-page-fails", breaks: "LoginPage", in: v1alpha1.PhaseVerify,
		took: v1alpha1.RollbackDowngrade, drained: true, leftovers: knownLeftovers,
	}, {
		name: "To61", to: "6.1.0",
	}}},
	{name: "every-hop", from: "4.1.4", to: "5.0.0", alert: true, ways: []way{{
		name: "FallsToImage", choice: "Downgrade", took: v1alpha1.RollbackImage, drained: true, rehearsal: v1alpha1.FindingRefused,
		fellBack: "by class Image, because Downgrade failed (DowngradeFailed: ",
	}, {
		name: "To5", to: "5.0.0",
	}, {
		name: "To6", to: "6.0.0", faults: eachPhase("the operator is killed", killOperator),
	}, {
		name: "To61", to: "6.1.0", rehearsal: v1alpha1.FindingProven,
	}}},
	{name: "skip", from: "4.1.4", to: "6.1.0", ways: []way{{
		name: "To61", to: "6.1.0", suffers: true, faults: []fault{
			{v1alpha1.PhaseDBMigrate, "Redis goes, with all that is in it", scaleRedis("0")},
			{v1alpha1.PhaseDBMigrate, "the migration's pod is killed half-way", killMigration},
			{v1alpha1.PhaseDBMigrate, "kubelet is killed and started again", restartKubelet},
			{v1alpha1.PhaseUpgradeWorkers, "Redis is back", scaleRedis("1")},
			{v1alpha1.PhaseUpgradeWorkers, "PostgreSQL is restarted", restartDatabase},
		},
	}}},
	{name: "skip-to-6", from: "4.1.4", to: "6.0.0", config: executeAs, ways: []way{{
		name: "ConfigRaises", refused: "ConfigInvalid", says: "AttributeError: SELENIUM",
	}, {
		name: "To6", to: "6.0.0", config: executeAs5,
	}, {
		name: "To61", to: "6.1.0", suffers: true, faults: eachPhase("PostgreSQL is restarted", restartDatabase),
	}}},
	{name: "on-mysql", from: "4.1.4", to: "5.0.0", onMySQL: true, config: asMySQLdb, ways: []way{{
		name: "Halfway", backup: true, choice: "Downgrade", halfway: true, took: v1alpha1.RollbackRestore, drained: true,
	}}},
}

// asMySQLdb is for SQL Lab on MySQL, which knows that driver alone.
var asMySQLdb = []string{"import pymysql", "pymysql.install_as_MySQLdb()"}

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
	c.mysql = j.onMySQL
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
	// drafts are the dashboards that a working user has written since, and alerts how
	// often the alert was evaluated.
	drafts, alerts int
	// ticks is the connection by which the workers' tasks leave their numbers; 0 before
	// there is one.
	ticks int
}

// settle installs the first release from nothing, and uses it.
func (j *trip) settle(t *testing.T) {
	t.Helper()
	begun := time.Now()
	j.apply(t, render(t, supersetText, tenant{Namespace: j.namespace, Version: j.from, Config: j.config}))
	j.reaches(t, v1alpha1.PhaseReady, j.from)
	j.results.add(t, j.cluster, j.log, stage{Name: "Install " + j.from, Figures: j.figures(t, j.from, begun)}, begun)
	j.createAdmin(t, j.from)
	user := j.user(t)
	j.made = user.create(t, j.databaseURI(t), true)
	user.check(t, j.made)
	user.queryByWorker(t, j.made)
	if j.alert {
		user.watch(t, j.made)
		j.beatIsAlone(t)
	}
	if j.results.Memory == nil {
		j.results.Memory = memory(t)
	}
}

// user logs in.
func (j *trip) user(t *testing.T) *session {
	t.Helper()
	return j.login(t, j.webAddress(t, "bi"))
}
