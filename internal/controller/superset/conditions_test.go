// SPDX-License-Identifier: Apache-2.0

package superset

import (
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/apply"
	"github.com/superset-operator/superset-operator/internal/controller/report"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/rules"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

var now = time.Unix(1_700_000_000, 0)

// upgrading is a Superset in a phase of an upgrade from 5.0.0 to 6.0.0 with all tiers serving, and
// the observation of it.
func upgrading(t *testing.T, phase v1alpha1.Phase) (*v1alpha1.Superset, *observed) {
	t.Helper()
	since := metav1.NewTime(now.Add(-time.Minute)).Rfc3339Copy()
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", UID: "u", Generation: 3}}
	s.Spec.Version, s.Spec.Web, s.Spec.Worker, s.Spec.Scheduler = "6.0.0", &v1alpha1.WebSpec{}, &v1alpha1.WorkerSpec{}, &v1alpha1.SchedulerSpec{}
	w := &observed{}
	w.use(renderingOf(s, nil))
	all := [3]bool{true, true, true}
	w.Now, w.Status, w.Policy = now, &s.Status, policyOf(&s.Spec)
	w.Stored = []state.Release{{Hash: w.Desired.Hash, Version: "6.0.0", Revision: 2, Head: "def", Has: all}, {Hash: "old", Version: "5.0.0", Revision: 1, Head: "abc", Has: all}}
	s.Status = v1alpha1.SupersetStatus{
		Phase: phase, PhaseSince: &since, UpgradeRevision: 2, Release: "old", ObservedGeneration: 3, Version: "5.0.0",
		Schema: &v1alpha1.SchemaStatus{Database: "postgresql", Revision: "abc"},
		Upgrade: &v1alpha1.UpgradeStatus{Kind: v1alpha1.KindUpgrade, From: "5.0.0", To: "6.0.0", FromRelease: "old", ToRelease: w.Desired.Hash,
			PendingMigrations: 12, Head: "def", StartedAt: since, Touched: phase != v1alpha1.PhaseValidate, WorkingSince: &since},
	}
	tier := state.Tier{Exists: true, Release: "old", Fence: 1, Mode: v1alpha1.ModeServe, Current: true, Settled: true, Pods: 1, Ready: 1}
	u := s.Status.Upgrade
	switch phase {
	case v1alpha1.PhasePending:
		s.Status = v1alpha1.SupersetStatus{}
	case v1alpha1.PhaseReady:
		s.Status.Release, s.Status.PreviousRelease, tier.Release = w.Desired.Hash, "old", w.Desired.Hash
	case v1alpha1.PhaseRolledBack:
		u.RollbackRelease, u.HeldRelease, s.Status.Schema.AheadAfterRollback = "old", w.Desired.Hash, true
		u.Failure = &v1alpha1.Failure{Phase: v1alpha1.PhaseVerify, Reason: "CheckFailed", Message: "the login page is a 500."}
	case v1alpha1.PhaseRollback:
		u.RollbackRelease, u.HeldRelease = "old", w.Desired.Hash
		u.Failure = &v1alpha1.Failure{Phase: v1alpha1.PhaseVerify, Reason: "CheckFailed", Message: "the login page is a 500"}
	case v1alpha1.PhaseFailed:
		u.Failure = &v1alpha1.Failure{Phase: v1alpha1.PhaseDBMigrate, Reason: "MigrationFailed", Message: "no space left. "}
	default:
	}
	w.Tiers = [3]state.Tier{tier, tier, tier}
	return s, w
}

// next decides and computes the next status, as a reconcile does.
func next(t *testing.T, s *v1alpha1.Superset, w *observed) (*v1alpha1.SupersetStatus, lifecycle.Decision) {
	t.Helper()
	d := rules.Decide(state.Of(&w.Observation))
	status, err := nextStatus(s, w, &d)
	if err != nil {
		t.Fatal(err)
	}
	return status, d
}

func conditionOf(t *testing.T, s *v1alpha1.SupersetStatus, kind string) metav1.Condition {
	t.Helper()
	c := meta.FindStatusCondition(s.Conditions, kind)
	if c == nil {
		return metav1.Condition{}
	}
	return *c
}

func kstatus(t *testing.T, s *v1alpha1.Superset) status.Status {
	t.Helper()
	s.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Superset"}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(s)
	if err != nil {
		t.Fatal(err)
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	if err != nil {
		t.Fatal(err)
	}
	return result.Status
}

// For every phase: the kstatus result, as Flux, Helm and Argo CD compute it, the conditions, and a
// message with the next command.
func TestConditionsOfEveryPhase(t *testing.T) {
	cases := map[v1alpha1.Phase]struct {
		kstatus status.Status
		reason  string
		texts   []string
	}{
		v1alpha1.PhaseValidate:         {status.InProgressStatus, "Validate", []string{"validating 6.0.0", "nothing that runs is changed"}},
		v1alpha1.PhaseDBMigrate:        {status.InProgressStatus, "DBMigrate", []string{"migrating the database to 6.0.0 (12 revisions)"}},
		v1alpha1.PhaseUpgradeScheduler: {status.InProgressStatus, "UpgradeScheduler", []string{"6.0.0"}},
		v1alpha1.PhaseUpgradeWorkers:   {status.InProgressStatus, "UpgradeWorkers", []string{"6.0.0"}},
		v1alpha1.PhaseUpgradeWeb:       {status.InProgressStatus, "UpgradeWeb", []string{"6.0.0"}},
		v1alpha1.PhaseVerify:           {status.InProgressStatus, "Verify", []string{"running the smoke tests of 6.0.0"}},
		v1alpha1.PhaseRollback:         {status.InProgressStatus, "Rollback", []string{"because Verify failed (CheckFailed: the login page is a 500)"}},
		v1alpha1.PhaseReady:            {status.CurrentStatus, "Ready", []string{"version 6.0.0 is running and verified"}},
		v1alpha1.PhaseRolledBack: {status.FailedStatus, "RolledBack", []string{"version 5.0.0 is running again because Verify failed", "spec asks for 6.0.0",
			`kubectl annotate superset bi -n analytics --overwrite superset-operator.dev/retry="$(date +%s)"`}},
		v1alpha1.PhaseFailed: {status.FailedStatus, "MigrationFailed", []string{"DBMigrate failed: no space left. Fix the cause",
			`superset-operator.dev/retry="$(date +%s)"`, `superset-operator.dev/rollback="$(date +%s)"`}},
	}
	for _, phase := range v1alpha1.Phases {
		if phase == v1alpha1.PhasePending { // never stays: see TestFirstReconcile
			continue
		}
		c, ok := cases[phase]
		if !ok {
			t.Errorf("no case for %s", phase)
			continue
		}
		t.Run(string(phase), func(t *testing.T) {
			s, w := upgrading(t, phase)
			got, d := next(t, s, w)
			if d.Kind == lifecycle.KindMove {
				t.Fatalf("moves with event %s", d.Move.Event)
			}
			s.Status = *got
			if k := kstatus(t, s); k != c.kstatus {
				t.Errorf("kstatus %s, want %s", k, c.kstatus)
			}
			ready, reconciling, stalled := conditionOf(t, got, "Ready"), conditionOf(t, got, "Reconciling"), conditionOf(t, got, "Stalled")
			if ready.Reason != c.reason {
				t.Errorf("reason %q, want %q", ready.Reason, c.reason)
			}
			for _, text := range c.texts {
				if !strings.Contains(ready.Message, text) {
					t.Errorf("message %q, want it to contain %q", ready.Message, text)
				}
			}
			if strings.Contains(ready.Message, "..") || strings.Contains(ready.Message, ". .") {
				t.Errorf("message %q", ready.Message)
			}
			if (reconciling.Status == metav1.ConditionTrue) != (c.kstatus == status.InProgressStatus) || (stalled.Status == metav1.ConditionTrue) != (c.kstatus == status.FailedStatus) {
				t.Errorf("Reconciling %q, Stalled %q", reconciling.Status, stalled.Status)
			}
			for _, present := range []metav1.Condition{reconciling, stalled} {
				if present.Type != "" && (present.Status != metav1.ConditionTrue || present.Message != ready.Message || present.Reason != ready.Reason) {
					t.Errorf("%s is %s, %s: %s", present.Type, present.Status, present.Reason, present.Message)
				}
			}
			checkConditions(t, s, got)
		})
	}
}

// checkConditions checks that the API server accepts the conditions, and that the next reconcile
// does not write the status again.
func checkConditions(t *testing.T, s *v1alpha1.Superset, got *v1alpha1.SupersetStatus) {
	t.Helper()
	for _, c := range got.Conditions {
		if c.Reason == "" || strings.ContainsAny(c.Reason, " :") || len([]rune(c.Message)) > apply.MaxMessage || c.ObservedGeneration != s.Generation {
			t.Errorf("condition %+v", c)
		}
	}
	_, w := upgrading(t, got.Phase)
	w.Status = got.DeepCopy()
	s = s.DeepCopy()
	s.Status = *got
	w.Now = now.Add(10 * time.Second)
	again, _ := next(t, s, w)
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("a second reconcile, ten seconds later, changes the status (-first +second):\n%s", diff)
	}
}

// kstatus reports a new Superset as in progress before and after the first reconcile.
func TestFirstReconcile(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhasePending)
	s.Status.ObservedGeneration = -1 // as the CRD defaults it
	if k := kstatus(t, s); k != status.InProgressStatus {
		t.Errorf("kstatus %s before the first reconcile", k)
	}
	got, d := next(t, s, w)
	s.Status = *got
	if k := kstatus(t, s); d.Move.Event != lifecycle.Begin || got.Phase != v1alpha1.PhaseValidate || k != status.InProgressStatus {
		t.Errorf("event %q to %s, kstatus %s", d.Move.Event, got.Phase, k)
	}
	s, w = upgrading(t, v1alpha1.PhasePending)
	s.Spec.Paused, w.Policy.Paused = true, true
	got, d = next(t, s, w)
	if d.Kind == lifecycle.KindMove || got.Phase != v1alpha1.PhasePending || conditionOf(t, got, "Reconciling").Reason != "Paused" {
		t.Errorf("created paused: event %q, %s, %+v", d.Move.Event, got.Phase, got.Conditions)
	}
}

// A gate and a blocked step have their own reasons, and count as waiting, not as failed.
func TestWaits(t *testing.T) {
	cases := map[string]struct {
		phase  v1alpha1.Phase
		edit   func(*v1alpha1.Superset, *observed)
		reason string
		text   string
	}{
		"paused": {v1alpha1.PhaseUpgradeWeb, func(s *v1alpha1.Superset, w *observed) { s.Spec.Paused, w.Policy.Paused = true, true }, "Paused", "set spec.paused to false"},
		"image": {v1alpha1.PhaseValidate, func(_ *v1alpha1.Superset, w *observed) {
			w.Preflight = migrations.Progress{Attempt: 1, Active: true, Blocked: "container superset waits: ErrImagePull: x"}
		}, "Blocked", "ErrImagePull: x"},
		"migration blocked": {v1alpha1.PhaseDBMigrate, func(_ *v1alpha1.Superset, w *observed) {
			w.Migrate, w.Migrating = migrations.Progress{Name: "bi-migrate-2-1", Attempt: 1, Active: true, Blocked: "ErrImagePull"}, true
		}, "Blocked", "migrating the database: ErrImagePull. The operator never deletes this Job. Fix the cause, or run: kubectl delete job -n analytics bi-migrate-2-1"},
		"overdue": {v1alpha1.PhaseDBMigrate, func(_ *v1alpha1.Superset, w *observed) {
			w.Now = now.Add(2 * time.Hour)
			w.Migrate, w.Migrating = migrations.Progress{Attempt: 1, Active: true}, true
		}, "Overdue", "longer than the deadline of 1h0m0s, and is not aborted"},
		"pod deleted": {v1alpha1.PhaseReady, func(_ *v1alpha1.Superset, w *observed) { w.Tiers[state.Web].Settled = false }, "TierNotReady", "not all web pods are ready"},
		"queued": {v1alpha1.PhaseDBMigrate, func(_ *v1alpha1.Superset, w *observed) {
			w.Migrate, w.Migrating, w.Desired.Hash = migrations.Progress{Attempt: 1, Active: true}, true, "another"
		}, "QueuedBehindMigration", "waits until the Job has ended"},
	}
	for name, c := range cases {
		s, w := upgrading(t, c.phase)
		c.edit(s, w)
		got, _ := next(t, s, w)
		s.Status = *got
		ready := conditionOf(t, got, "Ready")
		if ready.Status != metav1.ConditionFalse || ready.Reason != c.reason || !strings.Contains(ready.Message, c.text) {
			t.Errorf("%s: %+v", name, ready)
		}
		if k := kstatus(t, s); k != status.InProgressStatus {
			t.Errorf("%s: kstatus %s", name, k)
		}
		if paused := conditionOf(t, got, "Paused"); (paused.Status == metav1.ConditionTrue) != s.Spec.Paused {
			t.Errorf("%s: Paused is %q", name, paused.Status)
		}
	}
}

// A Superset that only this operator release renders differently is Ready while it waits for
// a slot, and its message says so.
func TestReadyWhileWaitingForSlot(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseReady)
	s.Status.Release, w.Stored[1].Wish = "old", w.Desired.Wish
	w.Busy = map[v1alpha1.SlotKind]string{v1alpha1.SlotRollout: "1 of 1 are taken (other/bi)"}
	for i := range w.Tiers {
		w.Tiers[i].Release = "old"
	}
	got, _ := next(t, s, w)
	ready := conditionOf(t, got, "Ready")
	const want = "version 6.0.0 is running and verified; this operator release renders it differently, waiting for a slot to begin: 1 of 1 are taken (other/bi)"
	if ready.Status != metav1.ConditionTrue || ready.Message != want {
		t.Errorf("%+v, want %q", ready, want)
	}
}

// refreshes is an edit after which Secrets restart the tiers, with what was read of them.
func refreshes(read state.Secrets) func(*v1alpha1.Superset, *observed) {
	return func(s *v1alpha1.Superset, w *observed) {
		s.Spec.RefreshSecrets, w.Secrets = []v1alpha1.SecretName{"a"}, read
	}
}

func TestOtherConditions(t *testing.T) {
	cases := map[string]struct {
		phase      v1alpha1.Phase
		edit       func(*v1alpha1.Superset, *observed)
		kind       string
		want       metav1.ConditionStatus
		reason     string
		text       string
		notPresent bool
	}{
		"serving":           {phase: v1alpha1.PhaseDBMigrate, kind: "Available", want: "True", reason: "Serving"},
		"not serving":       {v1alpha1.PhaseReady, func(_ *v1alpha1.Superset, w *observed) { w.Tiers[state.Web].Ready = 0 }, "Available", "False", "NotServing", "no web pod", false},
		"web not created":   {v1alpha1.PhaseValidate, func(_ *v1alpha1.Superset, w *observed) { w.Tiers[state.Web] = state.Tier{} }, "Available", "False", "NotServing", "", false},
		"no web":            {v1alpha1.PhaseReady, func(s *v1alpha1.Superset, w *observed) { s.Spec.Web, w.Tiers[state.Web] = nil, state.Tier{} }, "Available", "", "", "", true},
		"schema in sync":    {phase: v1alpha1.PhaseReady, kind: "SchemaInSync", want: "True", reason: "InSync", text: "abc"},
		"schema unknown":    {v1alpha1.PhaseValidate, func(s *v1alpha1.Superset, _ *observed) { s.Status.Schema = nil }, "SchemaInSync", "Unknown", "Unknown", "", false},
		"schema migrating":  {phase: v1alpha1.PhaseDBMigrate, kind: "SchemaInSync", want: "False", reason: "DBMigrate"},
		"schema ahead":      {phase: v1alpha1.PhaseRolledBack, kind: "SchemaInSync", want: "False", reason: "AheadAfterRollback", text: "which serves on it"},
		"rollback":          {phase: v1alpha1.PhaseReady, kind: "RollbackAvailable", want: "True", reason: "Image", text: "to 5.0.0"},
		"rollback in a run": {phase: v1alpha1.PhaseUpgradeWeb, kind: "RollbackAvailable", want: "True", reason: "Image", text: "superset-operator.dev/rollback"},
		"no rollback":       {v1alpha1.PhaseReady, func(s *v1alpha1.Superset, _ *observed) { s.Status.PreviousRelease = "" }, "RollbackAvailable", "False", "None", "", false},
		"target deleted":    {v1alpha1.PhaseReady, func(_ *v1alpha1.Superset, w *observed) { w.Stored = w.Stored[:1] }, "RollbackAvailable", "False", "ReleaseMissing", "ControllerRevision bi-", false},
		"release deleted": {v1alpha1.PhaseRolledBack, func(s *v1alpha1.Superset, w *observed) {
			s.Status.Upgrade.HeldRelease, s.Status.Release = w.Desired.Hash, "lost"
		}, "ReleaseStored", "False", "ReleaseMissing", "ControllerRevision bi-lost is missing", false},
		"release stored": {phase: v1alpha1.PhaseRolledBack, kind: "ReleaseStored", notPresent: true},
		"no secrets":     {phase: v1alpha1.PhaseReady, kind: "SecretsInSync", notPresent: true},
		"secrets":        {v1alpha1.PhaseReady, refreshes(state.Secrets{}), "SecretsInSync", "True", "InSync", "a change restarts the tiers", false},
		"secret changed": {v1alpha1.PhaseReady, refreshes(state.Secrets{Changed: "a"}), "SecretsInSync", "True", "InSync", "", false},
		"secret waits":   {v1alpha1.PhaseVerify, refreshes(state.Secrets{Changed: "a", Waits: true}), "SecretsInSync", "False", "SecretChanged", "Secret a has changed: the tiers are restarted once the phase is Ready", false},
		"secret refused": {v1alpha1.PhaseFailed, refreshes(state.Secrets{Changed: "a", Waits: true, NotRead: "create a Role"}), "SecretsInSync", "False", "SecretNotRead", "once the phase is Ready. create a Role", false},
		"supported":      {phase: v1alpha1.PhaseReady, kind: "VersionSupported", want: "True", reason: "Supported", text: "below 7.0.0"},
		"not supported":  {v1alpha1.PhaseValidate, func(s *v1alpha1.Superset, _ *observed) { s.Spec.Version = "7.0.0" }, "VersionSupported", "False", "Unsupported", "4.1.0 and above", false},
	}
	for name, c := range cases {
		s, w := upgrading(t, c.phase)
		if c.edit != nil {
			c.edit(s, w)
		}
		got, _ := next(t, s, w)
		is := conditionOf(t, got, c.kind)
		if is.Status != c.want || is.Reason != c.reason || !strings.Contains(is.Message, c.text) || (is.Type == "") != c.notPresent {
			t.Errorf("%s: %+v, want %s %s %q", name, is, c.want, c.reason, c.text)
		}
	}
}

// The message of a failed run names the possible rollback: none if no rollback is possible, and
// what would be lost if it restores a backup.
func TestFailedNamesTheRollback(t *testing.T) {
	taken := metav1.NewTime(now.Add(-3 * time.Hour))
	for name, c := range map[string]struct {
		edit          func(*v1alpha1.Superset, *observed)
		with, without []string
	}{
		"Image": {func(*v1alpha1.Superset, *observed) {}, []string{"Or roll back: kubectl", "superset-operator.dev/rollback="}, []string{"accept-data-loss"}},
		"no rollback": {func(s *v1alpha1.Superset, w *observed) { s.Status.Schema.HalfMigrated = true },
			[]string{"superset-operator.dev/retry="}, []string{"roll back:", "superset-operator.dev/rollback="}},
		"Restore": {func(s *v1alpha1.Superset, w *observed) {
			s.Status.Schema.HalfMigrated = true
			s.Status.Backups = []v1alpha1.BackupStatus{{Name: "r2", Revision: "abc", TakenAt: taken, Database: w.Stored[1].Database, SecretKey: w.Stored[1].Key}}
		}, []string{"Or roll back: a rollback to 5.0.0 restores backup r2", "3h0m0s or more", "superset-operator.dev/accept-data-loss=sha256-"}, []string{"superset-operator.dev/rollback="}},
	} {
		s, w := upgrading(t, v1alpha1.PhaseFailed)
		c.edit(s, w)
		got, _ := next(t, s, w)
		message := conditionOf(t, got, "Stalled").Message
		for _, text := range c.with {
			if !strings.Contains(message, text) {
				t.Errorf("%s: %q does not contain %q", name, message, text)
			}
		}
		for _, text := range c.without {
			if strings.Contains(message, text) {
				t.Errorf("%s: %q contains %q", name, message, text)
			}
		}
	}
}

// The message of a new phase does not report the Jobs of the previous run.
func TestNewRunIgnoresOldJobs(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseValidate)
	w.Preflight = migrations.Progress{Attempt: 1, Active: true, Blocked: "container superset waits: ErrImagePull: the old image"}
	w.Desired.Hash = "fixed"
	got, d := next(t, s, w)
	if ready := conditionOf(t, got, "Ready"); d.Move.Event != lifecycle.Begin || ready.Reason != "Validate" || strings.Contains(ready.Message, "old image") {
		t.Errorf("event %q; %s: %s", d.Move.Event, ready.Reason, ready.Message)
	}
}

// The status after a move has the new phase and fence, and the handled token.
func TestStatusOfAMove(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseReady)
	w.Tokens.Rollback = "x"
	got, d := next(t, s, w)
	if d.Move.Event != lifecycle.RollBack || got.Phase != v1alpha1.PhaseRollback || got.UpgradeRevision != 3 || got.LastHandled.Rollback != "x" {
		t.Errorf("event %q: %+v", d.Move.Event, got)
	}
	if got.ObservedGeneration != 3 || conditionOf(t, got, "Ready").Reason != "Rollback" {
		t.Errorf("%+v", got.Conditions)
	}
	if s.Status.Phase != v1alpha1.PhaseReady {
		t.Error("nextStatus changed its input")
	}
	w.Version = "5.0.0"
	if got, _ := next(t, s, w); got.Version != "5.0.0" {
		t.Errorf("version %s, observed was 5.0.0", got.Version)
	}
	w.Version = "" // no pod runs: the last known version stays
	if got, _ := next(t, s, w); got.Version != s.Status.Version {
		t.Errorf("version %q, want the last one", got.Version)
	}
}

// A rollback that would lose data and is requested in RolledBack waits there, with the
// command that accepts the loss.
func TestRolledBackNamesTheLoss(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseRolledBack)
	w.Stored = append(w.Stored, state.Release{Hash: "older", Version: "4.1.4", Head: "aaa", Has: w.Stored[0].Has})
	s.Status.PreviousRelease, w.Tokens.Rollback, w.Policy.Rollback = "older", "x", "Restore"
	s.Status.Backups = []v1alpha1.BackupStatus{{Name: "r1", Revision: "aaa", TakenAt: metav1.NewTime(now.Add(-3 * time.Hour))}}
	got, d := next(t, s, w)
	message := conditionOf(t, got, "Stalled").Message
	for _, text := range []string{"version 5.0.0 is running again", "a rollback to 4.1.4 restores backup r1", "superset-operator.dev/accept-data-loss=" + d.Wait.DataLoss} {
		if d.Wait.DataLoss == "" || !strings.Contains(message, text) {
			t.Errorf("%q does not contain %q", message, text)
		}
	}
}

// Ready says that checks of web were skipped, and Verify that they will be.
func TestConditionsWithoutWeb(t *testing.T) {
	for phase, want := range map[v1alpha1.Phase]string{
		v1alpha1.PhaseReady:  "version 6.0.0 is running and verified; the checks of web were skipped, because Jobs do not reach it",
		v1alpha1.PhaseVerify: "running the smoke tests of 6.0.0; Jobs do not reach web, so its checks are skipped unless it answers",
	} {
		for access, says := range map[v1alpha1.WebAccess]bool{"": false, v1alpha1.WebReachable: false, v1alpha1.WebUnreachable: true} {
			s, w := upgrading(t, phase)
			s.Status.Upgrade.WebAccess = access
			for i := range w.Tiers {
				w.Tiers[i] = state.Tier{Exists: true, Release: w.Desired.Hash, Fence: 2, Mode: v1alpha1.ModeServe, Current: true, Settled: true, Pods: 1, Ready: 1}
			}
			snapshot := state.Of(&w.Observation)
			d := rules.Decide(snapshot)
			report.SetConditions(&s.Status, s, snapshot, &d)
			if c := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); strings.HasPrefix(c.Message, want) != says {
				t.Errorf("%s, %q: %s", phase, access, c.Message)
			}
		}
	}
}
