// SPDX-License-Identifier: Apache-2.0

package controller

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
	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

var now = time.Unix(1_700_000_000, 0)

// upgrading is a Superset on its way from 5.0.0 to 6.0.0, in a phase, with all
// tiers serving, and the look at it.
func upgrading(t *testing.T, phase v1alpha1.Phase) (*v1alpha1.Superset, *world) {
	t.Helper()
	since := metav1.NewTime(now.Add(-time.Minute)).Rfc3339Copy()
	s := &v1alpha1.Superset{ObjectMeta: metav1.ObjectMeta{Name: "bi", Namespace: "analytics", UID: "u", Generation: 3}}
	s.Spec.Version, s.Spec.Web, s.Spec.Worker, s.Spec.Scheduler = "6.0.0", &v1alpha1.WebSpec{}, &v1alpha1.WorkerSpec{}, &v1alpha1.SchedulerSpec{}
	w := &world{}
	w.render(s)
	all := [3]bool{true, true, true}
	w.Now, w.Generation, w.Status, w.Policy = now, s.Generation, &s.Status, policyOf(&s.Spec)
	w.Stored = []lifecycle.Release{{Hash: w.Desired.Hash, Version: "6.0.0", Revision: 2, Head: "def", Has: all}, {Hash: "old", Version: "5.0.0", Revision: 1, Head: "abc", Has: all}}
	s.Status = v1alpha1.SupersetStatus{
		Phase: phase, PhaseSince: &since, UpgradeRevision: 2, Release: "old", ObservedGeneration: 3, Version: "5.0.0",
		Schema: &v1alpha1.SchemaStatus{Database: "postgresql", Revision: "abc"},
		Upgrade: &v1alpha1.UpgradeStatus{Kind: v1alpha1.KindUpgrade, From: "5.0.0", To: "6.0.0", FromRelease: "old", ToRelease: w.Desired.Hash,
			PendingMigrations: 12, Head: "def", StartedAt: since, Touched: phase != v1alpha1.PhaseValidate},
	}
	tier := lifecycle.Tier{Exists: true, Release: "old", Fence: 1, Mode: v1alpha1.ModeServe, Current: true, Settled: true, Pods: 1, Ready: 1}
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
	w.Tiers = [3]lifecycle.Tier{tier, tier, tier}
	return s, w
}

// next decides and works out the status, as a reconcile does.
func next(t *testing.T, s *v1alpha1.Superset, w *world) (*v1alpha1.SupersetStatus, lifecycle.Decision) {
	t.Helper()
	d := lifecycle.Decide(&w.Observation)
	status, err := nextStatus(s, w, &d)
	if err != nil {
		t.Fatal(err)
	}
	return status, d
}

func condition(t *testing.T, s *v1alpha1.SupersetStatus, kind string) metav1.Condition {
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

// What kstatus, and with it Flux, Helm and Argo CD, makes of every phase; the
// conditions that stand for it; and a message that tells a person what to do.
func TestConditionsOfEveryPhase(t *testing.T) {
	cases := map[v1alpha1.Phase]struct {
		kstatus status.Status
		reason  string
		says    []string
	}{
		v1alpha1.PhaseValidate:         {status.InProgressStatus, "Validate", []string{"proving 6.0.0", "nothing that runs is touched"}},
		v1alpha1.PhaseDBMigrate:        {status.InProgressStatus, "DBMigrate", []string{"migrating the database to 6.0.0 (12 revisions)"}},
		v1alpha1.PhaseUpgradeScheduler: {status.InProgressStatus, "UpgradeScheduler", []string{"6.0.0"}},
		v1alpha1.PhaseUpgradeWorkers:   {status.InProgressStatus, "UpgradeWorkers", []string{"6.0.0"}},
		v1alpha1.PhaseUpgradeWeb:       {status.InProgressStatus, "UpgradeWeb", []string{"6.0.0"}},
		v1alpha1.PhaseVerify:           {status.InProgressStatus, "Verify", []string{"testing 6.0.0 by use"}},
		v1alpha1.PhaseRollback:         {status.InProgressStatus, "Rollback", []string{"because Verify failed (CheckFailed: the login page is a 500)"}},
		v1alpha1.PhaseReady:            {status.CurrentStatus, "Ready", []string{"version 6.0.0 runs and was verified"}},
		v1alpha1.PhaseRolledBack: {status.FailedStatus, "RolledBack", []string{"version 5.0.0 runs again because Verify failed", "spec asks for 6.0.0",
			`kubectl annotate superset bi -n analytics --overwrite superset-operator.dev/retry="$(date +%s)"`}},
		v1alpha1.PhaseFailed: {status.FailedStatus, "MigrationFailed", []string{"DBMigrate failed: no space left. Mend spec",
			`superset-operator.dev/retry="$(date +%s)"`, `superset-operator.dev/rollback="$(date +%s)"`}},
	}
	for _, phase := range v1alpha1.Phases {
		if phase == v1alpha1.PhasePending { // never stays: see TestFirstLook
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
			if d.Move != "" {
				t.Fatalf("moves on %s", d.Move)
			}
			s.Status = *got
			if k := kstatus(t, s); k != c.kstatus {
				t.Errorf("kstatus says %s, want %s", k, c.kstatus)
			}
			ready, reconciling, stalled := condition(t, got, "Ready"), condition(t, got, "Reconciling"), condition(t, got, "Stalled")
			if ready.Reason != c.reason {
				t.Errorf("reason %q, want %q", ready.Reason, c.reason)
			}
			for _, text := range c.says {
				if !strings.Contains(ready.Message, text) {
					t.Errorf("message %q, want it to say %q", ready.Message, text)
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

// checkConditions looks for what the API server would refuse, and for what
// would be written again at every look.
func checkConditions(t *testing.T, s *v1alpha1.Superset, got *v1alpha1.SupersetStatus) {
	t.Helper()
	for _, c := range got.Conditions {
		if c.Reason == "" || strings.ContainsAny(c.Reason, " :") || len([]rune(c.Message)) > maxMessage || c.ObservedGeneration != s.Generation {
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
		t.Errorf("a second look, ten seconds later, writes (-first +second):\n%s", diff)
	}
}

// A new Superset is in progress from the very first look.
func TestFirstLook(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhasePending)
	s.Status.ObservedGeneration = -1 // as the CRD defaults it
	if k := kstatus(t, s); k != status.InProgressStatus {
		t.Errorf("before the first look kstatus says %s", k)
	}
	got, d := next(t, s, w)
	s.Status = *got
	if k := kstatus(t, s); d.Move != lifecycle.Begin || got.Phase != v1alpha1.PhaseValidate || k != status.InProgressStatus {
		t.Errorf("moves on %q to %s, kstatus %s", d.Move, got.Phase, k)
	}
	s, w = upgrading(t, v1alpha1.PhasePending)
	s.Spec.Paused, w.Policy.Paused = true, true
	got, d = next(t, s, w)
	if d.Move != "" || got.Phase != v1alpha1.PhasePending || condition(t, got, "Reconciling").Reason != "Paused" {
		t.Errorf("made paused: moves on %q, %s, %+v", d.Move, got.Phase, got.Conditions)
	}
}

// A gate and a thing in the way are said with their own reason, as a wait and
// not as a failure.
func TestWaits(t *testing.T) {
	cases := map[string]struct {
		phase  v1alpha1.Phase
		edit   func(*v1alpha1.Superset, *world)
		reason string
		says   string
	}{
		"paused": {v1alpha1.PhaseUpgradeWeb, func(s *v1alpha1.Superset, w *world) { s.Spec.Paused, w.Policy.Paused = true, true }, "Paused", "set spec.paused to false"},
		"image": {v1alpha1.PhaseValidate, func(_ *v1alpha1.Superset, w *world) {
			w.Preflight = migrations.Progress{Attempt: 1, Active: true, Blocked: "container superset waits: ErrImagePull: x"}
		}, "Blocked", "ErrImagePull: x"},
		"overdue": {v1alpha1.PhaseDBMigrate, func(_ *v1alpha1.Superset, w *world) {
			w.Now = now.Add(2 * time.Hour)
			w.Migrate, w.Migrating = migrations.Progress{Attempt: 1, Active: true}, true
		}, "Overdue", "longer than 1h0m0s, and not killed for it"},
		"lost pod": {v1alpha1.PhaseReady, func(_ *v1alpha1.Superset, w *world) { w.Tiers[lifecycle.Web].Settled = false }, "TierNotReady", "not all web pods are ready"},
		"queued": {v1alpha1.PhaseDBMigrate, func(_ *v1alpha1.Superset, w *world) {
			w.Migrate, w.Migrating, w.Desired.Hash = migrations.Progress{Attempt: 1, Active: true}, true, "another"
		}, "QueuedBehindMigration", "waits until the migration has ended"},
	}
	for name, c := range cases {
		s, w := upgrading(t, c.phase)
		c.edit(s, w)
		got, _ := next(t, s, w)
		s.Status = *got
		ready := condition(t, got, "Ready")
		if ready.Status != metav1.ConditionFalse || ready.Reason != c.reason || !strings.Contains(ready.Message, c.says) {
			t.Errorf("%s: %+v", name, ready)
		}
		if k := kstatus(t, s); k != status.InProgressStatus {
			t.Errorf("%s: kstatus says %s", name, k)
		}
		if paused := condition(t, got, "Paused"); (paused.Status == metav1.ConditionTrue) != s.Spec.Paused {
			t.Errorf("%s: Paused is %q", name, paused.Status)
		}
	}
}

func TestOtherConditions(t *testing.T) {
	cases := map[string]struct {
		phase      v1alpha1.Phase
		edit       func(*v1alpha1.Superset, *world)
		kind       string
		want       metav1.ConditionStatus
		reason     string
		says       string
		notPresent bool
	}{
		"served":            {phase: v1alpha1.PhaseDBMigrate, kind: "Available", want: "True", reason: "Serving"},
		"not served":        {v1alpha1.PhaseReady, func(_ *v1alpha1.Superset, w *world) { w.Tiers[lifecycle.Web].Ready = 0 }, "Available", "False", "NotServing", "no web pod", false},
		"web not made yet":  {v1alpha1.PhaseValidate, func(_ *v1alpha1.Superset, w *world) { w.Tiers[lifecycle.Web] = lifecycle.Tier{} }, "Available", "False", "NotServing", "", false},
		"no web":            {v1alpha1.PhaseReady, func(s *v1alpha1.Superset, w *world) { s.Spec.Web, w.Tiers[lifecycle.Web] = nil, lifecycle.Tier{} }, "Available", "", "", "", true},
		"schema in sync":    {phase: v1alpha1.PhaseReady, kind: "SchemaInSync", want: "True", reason: "InSync", says: "abc"},
		"schema unknown":    {v1alpha1.PhaseValidate, func(s *v1alpha1.Superset, _ *world) { s.Status.Schema = nil }, "SchemaInSync", "Unknown", "Unknown", "", false},
		"schema on its way": {phase: v1alpha1.PhaseDBMigrate, kind: "SchemaInSync", want: "False", reason: "DBMigrate"},
		"schema ahead":      {phase: v1alpha1.PhaseRolledBack, kind: "SchemaInSync", want: "False", reason: "AheadAfterRollback", says: "serves all the same"},
		"way back":          {phase: v1alpha1.PhaseReady, kind: "RollbackAvailable", want: "True", reason: "Image", says: "to 5.0.0"},
		"way back midway":   {phase: v1alpha1.PhaseUpgradeWeb, kind: "RollbackAvailable", want: "True", reason: "Image", says: "superset-operator.dev/rollback"},
		"no way back":       {v1alpha1.PhaseReady, func(s *v1alpha1.Superset, _ *world) { s.Status.PreviousRelease = "" }, "RollbackAvailable", "False", "None", "", false},
		"way back is lost":  {v1alpha1.PhaseReady, func(_ *v1alpha1.Superset, w *world) { w.Stored = w.Stored[:1] }, "RollbackAvailable", "False", "None", "", false},
		"supported":         {phase: v1alpha1.PhaseReady, kind: "VersionSupported", want: "True", reason: "Supported", says: "below 7.0.0"},
		"not supported":     {v1alpha1.PhaseValidate, func(s *v1alpha1.Superset, _ *world) { s.Spec.Version = "7.0.0" }, "VersionSupported", "False", "Unsupported", "4.1.0 and above", false},
	}
	for name, c := range cases {
		s, w := upgrading(t, c.phase)
		if c.edit != nil {
			c.edit(s, w)
		}
		got, _ := next(t, s, w)
		is := condition(t, got, c.kind)
		if is.Status != c.want || is.Reason != c.reason || !strings.Contains(is.Message, c.says) || (is.Type == "") != c.notPresent {
			t.Errorf("%s: %+v, want %s %s %q", name, is, c.want, c.reason, c.says)
		}
	}
}

// A failed run names the way back that there is: none where nothing leads back, and
// what is lost where a backup does, whoever keeps it from being taken by itself.
func TestFailedNamesItsWayBack(t *testing.T) {
	taken := metav1.NewTime(now.Add(-3 * time.Hour))
	for name, c := range map[string]struct {
		edit       func(*v1alpha1.Superset, *world)
		says, nots []string
	}{
		"as it is": {func(*v1alpha1.Superset, *world) {}, []string{"go back: kubectl", "superset-operator.dev/rollback="}, []string{"accept-data-loss"}},
		"nothing leads back": {func(s *v1alpha1.Superset, w *world) { s.Status.Schema.HalfMigrated = true },
			[]string{"superset-operator.dev/retry="}, []string{"go back", "superset-operator.dev/rollback="}},
		"a backup does": {func(s *v1alpha1.Superset, w *world) {
			s.Status.Schema.HalfMigrated = true
			s.Status.Backups = []v1alpha1.BackupStatus{{Name: "r2", Revision: "abc", TakenAt: taken, Database: w.Stored[1].Database, SecretKey: w.Stored[1].Key}}
		}, []string{"Or go back: going back to 5.0.0 restores backup r2", "3h0m0s or more", "superset-operator.dev/accept-data-loss=sha256-"}, []string{"superset-operator.dev/rollback="}},
	} {
		s, w := upgrading(t, v1alpha1.PhaseFailed)
		c.edit(s, w)
		got, _ := next(t, s, w)
		message := condition(t, got, "Stalled").Message
		for _, text := range c.says {
			if !strings.Contains(message, text) {
				t.Errorf("%s: %q does not say %q", name, message, text)
			}
		}
		for _, text := range c.nots {
			if strings.Contains(message, text) {
				t.Errorf("%s: %q says %q", name, message, text)
			}
		}
	}
}

// What is said of a phase that has just begun is not about the Jobs of the run
// before it.
func TestNewRunForgetsOldJobs(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseValidate)
	w.Preflight = migrations.Progress{Attempt: 1, Active: true, Blocked: "container superset waits: ErrImagePull: the old image"}
	w.Desired.Hash = "mended"
	got, d := next(t, s, w)
	if ready := condition(t, got, "Ready"); d.Move != lifecycle.Begin || ready.Reason != "Validate" || strings.Contains(ready.Message, "old image") {
		t.Errorf("moves on %q; %s: %s", d.Move, ready.Reason, ready.Message)
	}
}

// A token that was handled by a move is not spoken of in the phase that follows.
func TestStatusOfAMove(t *testing.T) {
	s, w := upgrading(t, v1alpha1.PhaseReady)
	w.Tokens.Rollback = "x"
	got, d := next(t, s, w)
	if d.Move != lifecycle.RollBack || got.Phase != v1alpha1.PhaseRollback || got.UpgradeRevision != 3 || got.LastHandled.Rollback != "x" {
		t.Errorf("moves on %q: %+v", d.Move, got)
	}
	if got.ObservedGeneration != 3 || condition(t, got, "Ready").Reason != "Rollback" {
		t.Errorf("%+v", got.Conditions)
	}
	if s.Status.Phase != v1alpha1.PhaseReady {
		t.Error("nextStatus changed what it was given")
	}
	w.Version = "5.0.0"
	if got, _ := next(t, s, w); got.Version != "5.0.0" {
		t.Errorf("version %s, observed was 5.0.0", got.Version)
	}
	w.Version = "" // no pod runs: what ran last is still the best that is known
	if got, _ := next(t, s, w); got.Version != s.Status.Version {
		t.Errorf("version %q, want the last one", got.Version)
	}
}

func TestLimits(t *testing.T) {
	long := strings.Repeat("ä", maxMessage)
	if limit(long) != long {
		t.Error("a message of the limit's length is cut")
	}
	if got := limit(long + "x"); len([]rune(got)) != maxMessage || !strings.HasSuffix(got, "…") {
		t.Errorf("%d characters", len([]rune(got)))
	}
	for in, want := range map[string]string{"a.": "a", "a. . ": "a", "": "", ".": "", "a.b": "a.b"} {
		if got := trimDot(in); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}

func TestComponentStatus(t *testing.T) {
	settled, rolling := components.Health{Settled: true, Replicas: 2, Ready: 2}, components.Health{Replicas: 3, Ready: 2}
	blocked := components.Health{Replicas: 1, Blocked: "container superset crashes"}
	cases := map[string]struct {
		health       components.Health
		seen         int64
		mode         v1alpha1.Mode
		none         bool
		ready        metav1.ConditionStatus
		reason, says string
		available    metav1.ConditionStatus
		kstatus      status.Status
	}{
		"settled":            {settled, 1, "", false, "True", "Ready", "version 6.0.0 runs", "True", status.CurrentStatus},
		"a roll under way":   {health: rolling, seen: 1, none: true}, // answered once, at its end
		"a pod was lost":     {rolling, 4, "", false, "False", "Rolling", "", "True", status.InProgressStatus},
		"blocked":            {blocked, 1, "", false, "False", "Blocked", "crashes", "False", status.InProgressStatus},
		"settled, blocked":   {components.Health{Settled: true, Ready: 1, Blocked: "x"}, 4, "", false, "False", "Blocked", "x", "True", status.InProgressStatus},
		"held":               {components.Health{Settled: true}, 1, v1alpha1.ModeHold, false, "True", "Held", "zero pods", "False", status.CurrentStatus},
		"held, still ending": {health: components.Health{Replicas: 1}, seen: 1, mode: v1alpha1.ModeHold, none: true},
	}
	for name, c := range cases {
		w := &v1alpha1.SupersetWebWorker{TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "SupersetWebWorker"}}
		w.Name, w.Generation, w.Spec.Version, w.Spec.Fence, w.Spec.Mode = "bi", 4, "6.0.0", 7, c.mode
		w.Status.ObservedGeneration, w.Status.Fence = c.seen, 6
		got := componentStatus(w, c.health, components.Web, now)
		if (got == nil) != c.none {
			t.Errorf("%s: answers %+v", name, got)
		}
		if got == nil {
			continue
		}
		if got.ObservedGeneration != 4 || got.Fence != 7 || got.Version != "6.0.0" || got.Replicas != c.health.Replicas || got.ReadyReplicas != c.health.Ready {
			t.Errorf("%s: %+v", name, got)
		}
		if want := "app.kubernetes.io/component=web,app.kubernetes.io/instance=bi,app.kubernetes.io/name=superset"; got.Selector != want {
			t.Errorf("%s: selector %s", name, got.Selector)
		}
		ready, available := meta.FindStatusCondition(got.Conditions, "Ready"), meta.FindStatusCondition(got.Conditions, "Available")
		if ready.Status != c.ready || ready.Reason != c.reason || !strings.Contains(ready.Message, c.says) || available.Status != c.available {
			t.Errorf("%s: %+v, %+v", name, ready, available)
		}
		w.Status = *got
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(w)
		if err != nil {
			t.Fatal(err)
		}
		if k, err := status.Compute(&unstructured.Unstructured{Object: content}); err != nil || k.Status != c.kstatus {
			t.Errorf("%s: kstatus %v, %v, want %s", name, k, err, c.kstatus)
		}
		later := componentStatus(w, c.health, components.Web, now.Add(time.Hour))
		if diff := cmp.Diff(got, later); diff != "" {
			t.Errorf("%s: an hour later the same is written again (-first +second):\n%s", name, diff)
		}
	}
}
