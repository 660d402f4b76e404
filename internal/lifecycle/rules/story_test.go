// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
	"github.com/superset-operator/superset-operator/internal/golden"
	"github.com/superset-operator/superset-operator/internal/lifecycle"
	"github.com/superset-operator/superset-operator/internal/lifecycle/state"
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Each file of testdata/stories is a scenario with one Superset in the simulated cluster. A
// paragraph has commands, then ----, then the output of the commands. -update regenerates the
// output. The commands:
//
//	given v5-c0          set spec and install it, without output
//	spec v5-c1           set spec to 5.1.0 with config 1 (c9: only web)
//	set strategy=Rolling onFailure=Hold paused=true skip=true
//	set rollback=Downgrade backup=true mysql=true unsupported=true soak=10m
//	break v5-c0/migrate MigrationFailed
//	                     Jobs of a release fail with a reason; ErrImagePull: they never start
//	break v5-c0 TierBroken
//	                     pods of a release crash
//	break v5-c0/web TwoImages
//	                     the web pods run two images with the same name
//	fix                  undo every break
//	annotate rollback=x  or retry=x, approve=plan, accept=loss
//	delete web           a user deletes a component, or with Jobs all Jobs
//	lose pods            the pods of ended Jobs are deleted
//	restart web          a container of web is killed and restarted
//	wait 20m             time passes
//	run [phase]          run until nothing changes, or until a phase begins; a number limits
//	                     the reconciles
//	status               print the status
//	checks               print the last checks of Verify
//
// The cluster makes one change at a time, which takes ten seconds.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			golden.Text(t, "stories/"+filepath.Base(file), runStory(t, string(text)))
		})
	}
}

// runStory executes a story and returns it with the output of each paragraph.
func runStory(t *testing.T, text string) string {
	t.Helper()
	s := newSim(t, 1)
	s.policy.Strategy = v1alpha1.StrategyDrain
	var out []string
	for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		commands, _, ok := strings.Cut(paragraph+"\n", "----\n")
		s.trace = nil
		found := false
		for _, line := range strings.Split(commands, "\n") {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				found = true
				s.execute(strings.Fields(line))
			}
		}
		if found && !ok {
			t.Fatalf("a paragraph without ----:\n%s", paragraph)
		}
		if found {
			commands += "----\n" + strings.Join(s.trace, "\n")
		}
		out = append(out, strings.TrimRight(commands, "\n"))
	}
	return strings.Join(out, "\n\n") + "\n"
}

// execute executes one command.
func (s *sim) execute(args []string) {
	s.t.Helper()
	argument := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	switch args[0] {
	case "given", "spec":
		var major, config int
		if _, err := fmt.Sscanf(argument(1), "v%d-c%d", &major, &config); err != nil {
			s.t.Fatalf("%v: %v", args, err)
		}
		s.setSpec(major, config)
		if args[0] == "given" {
			s.run("")
			s.trace = nil
		}
	case "set":
		for _, w := range args[1:] {
			s.set(w)
		}
	case "break":
		s.broken[argument(1)] = migrations.Reason(argument(2))
	case "fix":
		s.broken = map[string]migrations.Reason{}
	case "annotate":
		s.annotate(argument(1))
	case "restart":
		for tier, name := range state.TierNames {
			if name == argument(1) {
				s.tiers[tier].RestartedAt, s.tiers[tier].Restart = s.now, "container superset ended with exit code 137 (OOMKilled)"
			}
		}
	case "lose":
		s.losePods()
	case "delete":
		if argument(1) == "Jobs" {
			s.jobs = nil
		}
		for tier, name := range state.TierNames {
			if name == argument(1) {
				s.tiers[tier] = state.Tier{}
			}
		}
	case "wait":
		d, err := time.ParseDuration(argument(1))
		if err != nil {
			s.t.Fatalf("%v: %v", args, err)
		}
		s.now = s.now.Add(d)
	case "run":
		s.run(v1alpha1.Phase(argument(1)))
	case "status":
		s.logStatus()
	case "checks":
		for _, c := range s.status.Upgrade.Checks {
			s.trace = append(s.trace, fmt.Sprintf("  %s %v: %s", c.Name, c.OK, c.Detail))
		}
	default:
		s.t.Fatalf("unknown command %v", args)
	}
}

func (s *sim) set(arg string) {
	s.t.Helper()
	key, value, _ := strings.Cut(arg, "=")
	switch key {
	case "strategy":
		s.policy.Strategy = v1alpha1.Strategy(value)
	case "onFailure":
		s.policy.OnFailure = v1alpha1.FailurePolicy(value)
	case "paused":
		s.policy.Paused = value == "true"
	case "approval":
		s.policy.Approval = v1alpha1.Approval(value)
	case "gate":
		s.policy.Gates = append(s.policy.Gates, v1alpha1.Phase(value))
	case "window":
		s.policy.Windows = map[string][]v1alpha1.MaintenanceWindow{"never": {{Schedule: "0 0 30 2 *"}}}[value]
	case "web":
		s.noWeb = value == "0"
	case "rollback":
		s.policy.Rollback = v1alpha1.RollbackChoice(value)
	case "rehearsal":
		s.policy.Rehearsal = v1alpha1.RehearsalPolicy(value)
	case "backup":
		s.policy.Backup = value == "true"
	case "mysql":
		s.mysql = value == "true"
	case "unsupported":
		s.policy.AllowUnsupported = value == "true"
	case "page":
		s.policy.MaintenancePage = value == "true"
	case "soak":
		s.policy.Soak, _ = time.ParseDuration(value)
	case "skip":
		s.policy.AllowSkip = value == "true"
	default:
		s.t.Fatalf("unknown setting %q", arg)
	}
}

// annotate sets a token.
func (s *sim) annotate(arg string) {
	s.t.Helper()
	key, value, _ := strings.Cut(arg, "=")
	switch key {
	case "rollback":
		s.tokens.Rollback = value
	case "retry":
		s.tokens.Retry = value
	case "approve": // plan stands for the hash of the plan
		s.tokens.Approve = strings.Replace(value, "plan", s.status.Upgrade.PlanHash, 1)
	case "accept": // loss stands for the last token that the machine asked for
		s.tokens.AcceptDataLoss = strings.Replace(value, "loss", s.loss, 1)
	default:
		s.t.Fatalf("unknown annotation %q", arg)
	}
}

// run reconciles until nothing changes, or until a phase begins. A number limits the reconciles.
func (s *sim) run(until v1alpha1.Phase) {
	s.t.Helper()
	reported, limit := "", 200
	if n, err := strconv.Atoi(string(until)); err == nil {
		limit = n
	}
	for i := range 200 {
		if i == limit {
			return
		}
		done := len(s.trace)
		d := s.reconcile()
		for s.recorded { // its own write causes the next reconcile
			d = s.reconcile()
		}
		idle := len(s.trace) == done
		switch report := strings.Trim(d.Reason+": "+d.Message, ": "); {
		case d.Move.Event != "":
			reported = ""
		case d.Kind == lifecycle.KindWait && report != reported:
			s.log("reports %s", report)
			reported = report
		}
		if d.Tokens.Refused != "" {
			s.log("refused: %s", d.Tokens.Refused)
		}
		if d.Wait.DataLoss != "" {
			s.loss = d.Wait.DataLoss
		}
		switch {
		case d.Move.Event != "" && s.status.Phase == until:
			return
		case d.Move.Event != "", s.nextClusterStep(), !idle:
		case d.Reason == v1alpha1.ReasonRetrying:
			s.now = s.now.Add(d.Recheck)
		default:
			if !state.Resting(s.status.Phase) {
				s.log("waiting")
			}
			return
		}
	}
	s.fail("run does not end")
}

// nextClusterStep makes the next change in the cluster; false if there is none.
func (s *sim) nextClusterStep() bool {
	for i := range s.jobs {
		j := &s.jobs[i]
		if !j.ended && s.broken[j.release+"/"+string(j.script)] != "ErrImagePull" {
			s.now = s.now.Add(10 * time.Second)
			s.endJob(j)
			return true
		}
	}
	if before := s.page; before.Exists {
		if s.updatePage(); s.page != before {
			s.now = s.now.Add(10 * time.Second)
			s.log("maintenance page ready: %v %s", s.page.Ready, s.page.Blocked)
			return true
		}
	}
	for tier := range s.tiers {
		before := s.tiers[tier]
		s.updateTier(tier)
		if after := s.tiers[tier]; after != before {
			s.now = s.now.Add(10 * time.Second)
			what := fmt.Sprintf("%d of %d pods ready", after.Ready, after.Pods)
			if after.Blocked != "" {
				what = after.Blocked
			}
			s.log("%s: %s", state.TierNames[tier], what)
			return true
		}
	}
	return false
}

// historyDetails formats the optional fields of a line of history.
func historyDetails(h v1alpha1.HistoryEntry) string {
	text := ""
	for _, part := range [][2]string{{"backup", h.Backup}, {"rollback", string(h.Rollback)}, {"approved", h.Approval}} {
		if part[1] != "" {
			text += fmt.Sprintf(" %s %s", part[0], part[1])
		}
	}
	return text
}

func (s *sim) logStatus() {
	st := &s.status
	line := func(format string, args ...any) { s.trace = append(s.trace, "  "+fmt.Sprintf(format, args...)) }
	line("%s, release %s, previous %q, revision %d", st.Phase, st.Release, st.PreviousRelease, st.UpgradeRevision)
	if st.Schema != nil {
		line("schema %s, ahead after rollback: %v", st.Schema.Revision, st.Schema.AheadAfterRollback)
		if st.Schema.HalfMigrated {
			line("partially migrated")
		}
	}
	for _, b := range st.Backups {
		line("backup %s of schema %s", b.Name, b.Revision)
	}
	if r := st.Upgrade.Rollback; r != nil {
		line("rollback %s to %q: %s", r.Class, r.Revision, r.Reason)
		if r.FellBack != "" {
			line("  after a failed Downgrade: %s", r.FellBack)
		}
	}
	if st.LastHandled != (v1alpha1.LastHandled{}) {
		h := st.LastHandled
		line("handled {Rollback:%s Approve:%s Retry:%s}", h.Rollback, h.Approve, h.Retry)
		if h.AcceptDataLoss != "" {
			line("accepted %s", h.AcceptDataLoss)
		}
	}
	for tier, t := range s.tiers {
		if t.Exists {
			line("%s: %s at %s, fence %d", state.TierNames[tier], t.Mode, t.Release, t.Fence)
		}
	}
	for _, h := range st.History {
		line("%d %s %s to %s: %s %s (%s)%s", h.Revision, h.Kind, h.From, h.To, h.Result, h.Reason, h.Phases, historyDetails(h))
	}
}
