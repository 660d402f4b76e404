// SPDX-License-Identifier: Apache-2.0

package lifecycle

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
	"github.com/superset-operator/superset-operator/internal/migrations"
)

// Each file of testdata/stories is the life of one Superset in the simulated
// world: paragraphs of commands, then ----, then what came of them. -update
// writes the second half anew. The commands:
//
//	given v5-c0          spec asks for it, and it was installed without a word
//	want v5-c1           spec asks for 5.1.0 with config 1 (c9: web alone)
//	set strategy=Rolling onFailure=Hold paused=true skip=true
//	set way=Downgrade backup=true mysql=true unsupported=true soak=10m
//	break v5-c0/migrate MigrationFailed
//	                     Jobs of a release fail so; ErrImagePull: never start
//	break v5-c0 TierBroken
//	                     pods of a release crash
//	break v5-c0/web TwoImages
//	                     its pods run two images under one name
//	mend                 nothing is broken any more
//	annotate rollback=x  or retry=x, approve=plan, accept=loss
//	lose web             somebody deletes a component
//	restart web          a container of it is killed, and started again
//	wait 20m             time passes, and nothing else
//	run [phase]          until nothing changes any more, or until a phase begins
//	status               what stands in status
//	checks               and what Verify found last
//
// In the world one thing happens at a time, and takes ten seconds.
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
			golden.Text(t, "stories/"+filepath.Base(file), tell(t, string(text)))
		})
	}
}

// tell plays a story and returns it with what came of each paragraph.
func tell(t *testing.T, text string) string {
	t.Helper()
	s := newSim(t, 1)
	s.policy.Strategy = v1alpha1.StrategyDrain
	var out []string
	for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		commands, _, ok := strings.Cut(paragraph+"\n", "----\n")
		s.trace = nil
		asked := false
		for _, line := range strings.Split(commands, "\n") {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				asked = true
				s.play(strings.Fields(line))
			}
		}
		if asked && !ok {
			t.Fatalf("a paragraph without ----:\n%s", paragraph)
		}
		if asked {
			commands += "----\n" + strings.Join(s.trace, "\n")
		}
		out = append(out, strings.TrimRight(commands, "\n"))
	}
	return strings.Join(out, "\n\n") + "\n"
}

func (s *sim) play(words []string) {
	s.t.Helper()
	argument := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch words[0] {
	case "given", "want":
		var major, config int
		if _, err := fmt.Sscanf(argument(1), "v%d-c%d", &major, &config); err != nil {
			s.t.Fatalf("%v: %v", words, err)
		}
		s.want(major, config)
		if words[0] == "given" {
			s.run("")
			s.trace = nil
		}
	case "set":
		for _, w := range words[1:] {
			s.set(w)
		}
	case "break":
		s.broken[argument(1)] = migrations.Reason(argument(2))
	case "mend":
		s.broken = map[string]migrations.Reason{}
	case "annotate":
		s.set(argument(1))
	case "restart":
		for tier, name := range tierNames {
			if name == argument(1) {
				s.tiers[tier].RestartedAt, s.tiers[tier].Restart = s.now, "container superset ended with exit code 137 (OOMKilled)"
			}
		}
	case "lose":
		if argument(1) == "Jobs" {
			s.jobs = nil
		}
		for tier, name := range tierNames {
			if name == argument(1) {
				s.tiers[tier] = Tier{}
			}
		}
	case "wait":
		d, err := time.ParseDuration(argument(1))
		if err != nil {
			s.t.Fatalf("%v: %v", words, err)
		}
		s.now = s.now.Add(d)
	case "run":
		s.run(v1alpha1.Phase(argument(1)))
	case "status":
		s.tellStatus()
	case "checks":
		for _, c := range s.status.Upgrade.Checks {
			s.trace = append(s.trace, fmt.Sprintf("  %s %v: %s", c.Name, c.OK, c.Detail))
		}
	default:
		s.t.Fatalf("unknown command %v", words)
	}
}

func (s *sim) set(word string) {
	s.t.Helper()
	key, value, _ := strings.Cut(word, "=")
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
	case "way":
		s.policy.Rollback = v1alpha1.RollbackChoice(value)
	case "rehearsal":
		s.policy.Rehearsal = v1alpha1.RehearsalPolicy(value)
	case "backup":
		s.policy.Backup = value == "true"
	case "mysql":
		s.mysql = value == "true"
	case "unsupported":
		s.policy.AllowUnsupported = value == "true"
	case "accept": // the token that was asked for last, written for short as "loss"
		s.tokens.AcceptDataLoss = strings.Replace(value, "loss", s.loss, 1)
	case "page":
		s.policy.Page = value == "true"
	case "approve": // the plan's hash, written for short as "plan"
		s.tokens.Approve = strings.Replace(value, "plan", s.status.Upgrade.PlanHash, 1)
	case "soak":
		s.policy.Soak, _ = time.ParseDuration(value)
	case "skip":
		s.policy.AllowSkip = value == "true"
	case "rollback":
		s.tokens.Rollback = value
	case "retry":
		s.tokens.Retry = value
	default:
		s.t.Fatalf("unknown setting %q", word)
	}
}

// run goes on until nothing changes any more, or a phase begins.
// A number ends it after so many turns.
func (s *sim) run(until v1alpha1.Phase) {
	s.t.Helper()
	said, turns := "", 200
	if n, err := strconv.Atoi(string(until)); err == nil {
		turns = n
	}
	for turn := range 200 {
		if turn == turns {
			return
		}
		done := len(s.trace)
		d := s.reconcile()
		idle := len(s.trace) == done
		switch says := strings.Trim(d.Reason+": "+d.Message, ": "); {
		case d.Move != "":
			said = ""
		case says != said && says != "" && d.Reason != v1alpha1.ReasonReady && d.Reason != string(s.status.Phase):
			s.log("says %s", says)
			said = says
		}
		if d.Refused != "" {
			s.log("refused: %s", d.Refused)
		}
		if d.Loss != "" {
			s.loss = d.Loss
		}
		switch {
		case d.Move != "" && s.status.Phase == until:
			return
		case d.Move != "", s.happens(), !idle:
		case d.Reason == v1alpha1.ReasonRetrying:
			s.now = s.now.Add(d.Recheck)
		default:
			if !resting(s.status.Phase) {
				s.log("waits")
			}
			return
		}
	}
	s.fail("no end")
}

// happens lets the next thing happen, if there is one.
func (s *sim) happens() bool {
	for i := range s.jobs {
		j := &s.jobs[i]
		if !j.ended && s.broken[j.release+"/"+string(j.script)] != "ErrImagePull" {
			s.now = s.now.Add(10 * time.Second)
			s.endJob(j)
			return true
		}
	}
	if before := s.page; before.Exists {
		if s.pageComes(); s.page != before {
			s.now = s.now.Add(10 * time.Second)
			s.log("page ready: %v %s", s.page.Ready, s.page.Blocked)
			return true
		}
	}
	for tier := range s.tiers {
		before := s.tiers[tier]
		s.catchUp(tier)
		if after := s.tiers[tier]; after != before {
			s.now = s.now.Add(10 * time.Second)
			what := fmt.Sprintf("%d of %d pods ready", after.Ready, after.Pods)
			if after.Blocked != "" {
				what = after.Blocked
			}
			s.log("%s: %s", tierNames[tier], what)
			return true
		}
	}
	return false
}

// more is what some lines of history have and others have not.
func more(h v1alpha1.HistoryEntry) string {
	text := ""
	for _, part := range [][2]string{{"backup", h.Backup}, {"way back", string(h.Rollback)}, {"approved", h.Approval}} {
		if part[1] != "" {
			text += fmt.Sprintf(" %s %s", part[0], part[1])
		}
	}
	return text
}

func (s *sim) tellStatus() {
	st := &s.status
	say := func(format string, args ...any) { s.trace = append(s.trace, "  "+fmt.Sprintf(format, args...)) }
	say("%s, release %s, before it %q, revision %d", st.Phase, st.Release, st.PreviousRelease, st.UpgradeRevision)
	if st.Schema != nil {
		say("schema %s, ahead after rollback: %v", st.Schema.Revision, st.Schema.AheadAfterRollback)
		if st.Schema.HalfMigrated {
			say("half migrated")
		}
	}
	for _, b := range st.Backups {
		say("backup %s of schema %s", b.Name, b.Revision)
	}
	if r := st.Upgrade.Rollback; r != nil {
		say("way back %s to %q: %s", r.Class, r.Revision, r.Reason)
		if r.FellBack != "" {
			say("  after Downgrade failed: %s", r.FellBack)
		}
	}
	if st.LastHandled != (v1alpha1.LastHandled{}) {
		h := st.LastHandled
		say("handled {Rollback:%s Approve:%s Retry:%s}", h.Rollback, h.Approve, h.Retry)
		if h.AcceptDataLoss != "" {
			say("accepted %s", h.AcceptDataLoss)
		}
	}
	for tier, t := range s.tiers {
		if t.Exists {
			say("%s: %s at %s, fence %d", tierNames[tier], t.Mode, t.Release, t.Fence)
		}
	}
	for _, h := range st.History {
		say("%d %s %s to %s: %s %s (%s)%s", h.Revision, h.Kind, h.From, h.To, h.Result, h.Reason, h.Phases, more(h))
	}
}
