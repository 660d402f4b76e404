// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Widths in characters: of a whole line, and of the columns before a message.
const (
	width  = 100
	margin = 28
)

// narrator writes the output of the demo.
type narrator struct{ out io.Writer }

func (n narrator) line(format string, args ...any) { _, _ = fmt.Fprintf(n.out, format+"\n", args...) }

func (n narrator) title(text string) { n.line("\n== %s ==", text) }

// text writes a paragraph.
func (n narrator) text(format string, args ...any) {
	for _, line := range wrap(fmt.Sprintf(format, args...), width) {
		n.line("%s", line)
	}
}

func (n narrator) command(text string) { n.line("  $ %s\n", text) }

// enters writes the line of a new phase.
func (n narrator) enters(at time.Duration, phase v1alpha1.Phase, message string) {
	lead := fmt.Sprintf("%6.1f s  %-*s", at.Seconds(), margin-10, phase)
	for _, line := range wrap(message, width-margin) {
		n.line("%s%s", lead, line)
		lead = strings.Repeat(" ", margin)
	}
}

// remark writes a new message of the current phase.
func (n narrator) remark(message string) {
	for _, line := range wrap(message, width-margin) {
		n.line("%*s%s", margin, "", line)
	}
}

// changed writes the changes of the objects.
func (n narrator) changed(lines []string) {
	for _, text := range lines {
		lead := "- "
		for _, line := range wrap(text, width-margin-2) {
			n.line("%*s%s%s", margin, "", lead, line)
			lead = "  "
		}
	}
}

// wrap breaks a text at spaces; a word that is too long is not broken.
func wrap(text string, limit int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len([]rune(*last))+1+len([]rune(word)) <= limit:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

// shellLine formats a command as a user types it.
func shellLine(command string, args []string) string {
	parts := []string{command}
	for _, arg := range args {
		if strings.ContainsAny(arg, ` "{}$`) {
			arg = "'" + arg + "'"
		}
		parts = append(parts, arg)
	}
	return strings.Join(parts, " ")
}

// summary writes a table with one row for each step.
func (n narrator) summary(outcomes []outcome, took time.Duration) {
	n.title("Summary")
	n.line("%-44s %7s %9s %7s %7s %7s", "", "took", "unserved", "Jobs", "pods", "pods")
	n.line("%-44s %7s %9s %7s %7s %7s", "step", "", "", "created", "started", "ended")
	for i := range outcomes {
		a := &outcomes[i]
		unserved := seconds(a.unserved)
		if i == 0 {
			unserved = "-" // there is nothing to serve before the install
		}
		n.line("%-44s %7s %9s %7d %7d %7d", fmt.Sprintf("%d. %s", i+1, a.title), seconds(a.took), unserved,
			a.changes.jobsCreated, sum(a.changes.started), sum(a.changes.ended))
		for _, line := range wrap(phaseTimes(a.phases), width-3) {
			n.line("   %s", line)
		}
	}
	n.line("\nUnserved: time in which no web pod was ready. Every step ended as expected. Total: %.0f s.", took.Seconds())
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func sum(counts map[string]int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

func phaseTimes(phases []timed) string {
	var parts []string
	for _, p := range phases {
		parts = append(parts, fmt.Sprintf("%s %.1f", p.phase, p.took.Seconds()))
	}
	return strings.Join(parts, ", ")
}

// nextSteps lists commands to explore the cluster and to stop it.
func (d *demo) nextSteps() {
	d.title("Explore")
	d.text("The cluster and the operator keep running.")
	d.line("\n  export KUBECONFIG=%s", d.cluster.Kubeconfig)
	if _, err := exec.LookPath("kubectl"); err != nil {
		d.line("  alias kubectl=%s    # there is no kubectl in PATH", d.cluster.Kubectl)
	}
	for _, command := range []string{
		"get supersets -A",
		"describe superset bi -n demo",
		"get supersets,ssweb,ssworker,ssbeat,jobs,pods -n demo",
		"events -n demo --for superset/bi",
		"explain superset.spec.upgrade",
		`annotate superset bi -n demo --overwrite ` + v1alpha1.AnnotationRetry + `="$(date +%s)"    # retry 6.0.0`,
	} {
		d.line("  kubectl %s", command)
	}
	d.line("  curl -s http://%s/metrics | grep '^superset_operator_'", d.metrics)
	d.line("\nLogs are in %s. To stop everything: %s", filepath.Join(d.cluster.Dir, "logs"), d.stopCommand())
}
