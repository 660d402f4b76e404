// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// pageTitle is in the manifest, and therefore on the maintenance page.
const pageTitle = "Back in a few minutes (end-to-end test)"

// journey is a series of upgrades of one Superset, in its own namespace and
// database.
type journey struct {
	name string
	// from is the release that is installed and used first, to is the target of
	// each upgrade; both are in test/images/pins.json.
	from, to string
	// alert makes beat send an alert to the workers each minute.
	alert bool
	// config has additional lines of Python for the configuration.
	config []string
	// isSample installs the sample of config/samples with the name of the journey,
	// and not the manifest of the test.
	isSample bool
	// onMySQL puts the metadata database on MySQL.
	onMySQL  bool
	variants []variant
}

// variant is an upgrade and its rollback. Each begins at the journey's first
// release, whose data must be unchanged afterwards.
type variant struct {
	name string
	// strategy, choice and backup are written into spec.upgrade.
	strategy v1alpha1.Strategy
	choice   v1alpha1.RollbackChoice
	backup   bool
	// to is the target of an upgrade without a rollback: the next variant begins at
	// it. Empty for an upgrade to the journey's target with a rollback.
	to string
	// imageVariant of the target's image, which is broken.
	imageVariant string
	// config replaces that of the journey, in the same edit as the version.
	config []string
	// soak is the soak of spec.upgrade.verify.
	soak time.Duration
	// refused is the reason for which Validate fails, with says in the message;
	// nothing is touched.
	refused, says string
	// breaks is the beginning of the failure's message in phase in, after which the
	// run rolls back automatically; empty for a rollback by annotation.
	breaks string
	in     v1alpha1.Phase
	// rehearsal is the finding of a rehearsal about the downgrade; empty without
	// one.
	rehearsal v1alpha1.Finding
	// because is in the reason of a finding that is Refused.
	because string
	// faults are injected during the run, and suffers permits that users notice
	// them.
	faults  []fault
	suffers bool
	// diskFull leaves no space for a backup.
	diskFull bool
	// holds a task of a worker until the Drain waits for it: web serves meanwhile.
	holds bool
	// took is the final rollback class.
	took v1alpha1.RollbackClass
	// fellBack is in the message if another class was tried before.
	fellBack string
	// halfway is true if the class before it failed and left the schema partially
	// migrated.
	halfway bool
	// drained permits that the rollback shows the maintenance page; without a
	// rollback it means that a Drain follows a Rolling migration that exceeded its
	// lock time.
	drained bool
	// loses is true if what was written after the upgrade is lost, after the user
	// accepted it.
	loses bool
	// leftovers are the beginnings of permitted differences of the schema
	// afterwards; nil where it stays at the newer release's revision.
	leftovers []string
}

// executeAs is a setting of 4.1's documentation that 5.0 cannot read:
// ExecutorType no longer has that name. The second is the setting of its upgrade
// notes.
var (
	executeAs  = []string{"from superset.tasks.types import ExecutorType", "ALERT_REPORTS_EXECUTE_AS = [ExecutorType.SELENIUM]"}
	executeAs5 = []string{"from superset.tasks.types import FixedExecutor", `ALERT_REPORTS_EXECUTORS = [FixedExecutor("admin")]`}
)

// The order within a journey matters: a Restore restores exactly the earlier
// schema, while a Downgrade leaves some objects, which exist already when the
// next variant begins.
var journeys = []journey{
	{name: "live-traffic", from: "5.0.0", to: "6.0.0", variants: []variant{{
		name: "DriverMissing", imageVariant: "driver-missing", refused: "DriverMissing",
	}, {
		name: "Image", choice: v1alpha1.RollbackAuto, took: v1alpha1.RollbackImage,
	}, {
		name: "Crashes", imageVariant: "web-crashes", soak: 3 * time.Minute, breaks: "Restarts", in: v1alpha1.PhaseVerify,
		took: v1alpha1.RollbackImage, suffers: true, leftovers: []string{},
	}, {
		name: "MigrationFails", imageVariant: "migration-fails", breaks: "MigrationFailed", in: v1alpha1.PhaseDBMigrate,
		took: v1alpha1.RollbackImage, leftovers: []string{},
	}, {
		name: "HoldsLocks", to: "6.0.0", imageVariant: "migration-holds-locks", drained: true,
	}}},
	{name: "with-backup", from: "5.0.0", to: "6.0.0", variants: []variant{{
		name: "DiskFull", strategy: v1alpha1.StrategyDrain, backup: true, diskFull: true, holds: true,
		breaks: "BackupFailed", in: v1alpha1.PhaseDBMigrate, took: v1alpha1.RollbackImage, drained: true, leftovers: []string{},
	}, {
		name: "Restore", strategy: v1alpha1.StrategyDrain, backup: true, choice: "Restore",
		took: v1alpha1.RollbackRestore, drained: true, loses: true, leftovers: []string{},
	}, {
		name: "Downgrade", choice: "Downgrade", took: v1alpha1.RollbackDowngrade, drained: true, leftovers: knownLeftovers,
	}, {
		name: "BreaksLate", choice: "Downgrade", imageVariant: "login-page-fails", breaks: "LoginPage", in: v1alpha1.PhaseVerify,
		took: v1alpha1.RollbackDowngrade, drained: true, leftovers: knownLeftovers,
	}, {
		name: "To61", to: "6.1.0",
	}}},
	{name: "every-hop", from: "4.1.4", to: "5.0.0", alert: true, variants: []variant{{
		name: "FallsToImage", choice: "Downgrade", took: v1alpha1.RollbackImage, drained: true, rehearsal: v1alpha1.FindingRefused, because: "_customer_location_uc",
		fellBack: "by class Image, because Downgrade failed (DowngradeFailed: ",
	}, {
		name: "To5", to: "5.0.0",
	}, {
		name: "To6", to: "6.0.0", faults: eachPhase("the operator is killed", killOperator),
	}, {
		name: "To61", to: "6.1.0", rehearsal: v1alpha1.FindingProven,
	}}},
	{name: "skip", from: "4.1.4", to: "6.1.0", variants: []variant{{
		name: "To61", to: "6.1.0", suffers: true, faults: []fault{
			{v1alpha1.PhaseDBMigrate, "Redis is stopped and loses its data", scaleRedis("0")},
			{v1alpha1.PhaseDBMigrate, "the migration's pod is killed halfway", killMigration},
			{v1alpha1.PhaseDBMigrate, "kubelet is killed and restarted", restartKubelet},
			{v1alpha1.PhaseUpgradeWorkers, "Redis is started again", scaleRedis("1")},
			{v1alpha1.PhaseUpgradeWorkers, "PostgreSQL is restarted", restartDatabase},
		},
	}}},
	{name: "skip-to-6", from: "4.1.4", to: "6.0.0", config: executeAs, variants: []variant{{
		name: "ConfigRaises", refused: "ConfigInvalid", says: "AttributeError: SELENIUM",
	}, {
		name: "To6", to: "6.0.0", config: executeAs5,
	}, {
		name: "To61", to: "6.1.0", suffers: true, faults: eachPhase("PostgreSQL is restarted", restartDatabase),
	}}},
	{name: "on-mysql", from: "4.1.4", to: "5.0.0", onMySQL: true, config: asMySQLdb, variants: []variant{{
		name: "Halfway", backup: true, choice: "Downgrade", halfway: true, took: v1alpha1.RollbackRestore, drained: true,
	}}},
	{name: productionSample, isSample: true, from: "6.0.0", to: "6.1.0", variants: []variant{{
		name: "Restore", choice: "Restore", rehearsal: v1alpha1.FindingRefused, because: narrows,
		took: v1alpha1.RollbackRestore, drained: true, loses: true, leftovers: []string{},
	}, {
		name: "Image", choice: v1alpha1.RollbackAuto, rehearsal: v1alpha1.FindingRefused, because: narrows, took: v1alpha1.RollbackImage,
	}}},
	{name: minimalSample, isSample: true, from: "6.0.0"},
}

// narrows is why the downgrade of a database that 6.0 has created is refused: the
// column was wider than its migrations make it.
const narrows = "table ab_user: column username"

// asMySQLdb is for SQL Lab on MySQL, which supports only that driver.
var asMySQLdb = []string{"import pymysql", "pymysql.install_as_MySQLdb()"}

// TestJourneys runs the journeys: install a release, create objects, upgrade,
// check the objects, roll back, check them again, for each variant.
func TestJourneys(t *testing.T) {
	c := connect(t)
	c.deployOperator(t)
	r := &results{}
	for _, j := range journeys {
		t.Run(j.name, func(t *testing.T) { j.run(t, c, r) })
	}
	if !t.Failed() {
		r.write(t)
	}
}

func (j journey) run(t *testing.T, c cluster, r *results) {
	c.mysql = j.onMySQL
	if j.isSample {
		c.sample = j.name
	}
	c = c.tenant(t, j.name)
	log := &journal{}
	kept := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { defer close(kept); log.keep(ctx, t, c) }()
	defer func() { cancel(); <-kept }()

	trip := &trip{cluster: c, journey: j, log: log, results: r}
	trip.settle(t)
	for _, w := range j.variants {
		if t.Failed() {
			break // its starting point would be undefined
		}
		t.Run(w.name, func(t *testing.T) { trip.take(t, w) })
	}
}

// trip is a running journey.
type trip struct {
	cluster
	journey
	log     *journal
	results *results
	// made has the objects that the user created at the first release.
	made userObjects
	// drafts is the number of dashboards that a working user has written since, and
	// alerts is how often the alert was evaluated.
	drafts, alerts int
	// ticks is the connection through which the workers' tasks store their numbers;
	// 0 before it exists.
	ticks int
}

// settle installs the first release and creates the user's objects.
func (j *trip) settle(t *testing.T) {
	t.Helper()
	begun := time.Now()
	j.apply(t, j.manifest(t))
	j.waitForPhase(t, v1alpha1.PhaseReady, j.from)
	j.results.add(t, j.cluster, j.log, stage{Name: "Install " + j.from, Figures: j.figures(t, j.from, begun)}, begun)
	spec := j.superset(t).Spec
	if spec.Init == nil || spec.Init.AdminUser == nil {
		j.createAdmin(t, j.from)
	}
	user, workers := j.user(t), spec.Worker != nil
	j.made = user.create(t, j.databaseURI(t), workers)
	user.check(t, j.made)
	if workers {
		user.queryByWorker(t, j.made)
	}
	j.checkSample(t)
	if j.alert {
		user.watch(t, j.made)
		j.checkAlerts(t)
	}
	if j.results.Memory == nil {
		j.results.Memory = memory(t)
	}
}

// user logs in, at the address of users if there is one.
func (j *trip) user(t *testing.T) *session {
	t.Helper()
	service := j.webAddress(t, "bi")
	if url := j.superset(t).Spec.Web.URL; url != "" {
		return j.login(t, url, proxy{service})
	}
	return j.login(t, service, nil)
}
