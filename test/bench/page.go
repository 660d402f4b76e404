// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

const introduction = `<!-- Written by "make bench"; the next run overwrites it. -->
# What the operator costs

`

// writePage writes the page about a run.
func writePage(path, text string) error {
	if err := os.WriteFile(path, []byte(introduction+text), 0o644); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// markdown are all tables that the run has figures for.
func (r *results) markdown() string {
	var b strings.Builder
	b.WriteString(r.setting())
	if r.ended != nil {
		fmt.Fprintf(&b, "**The run ended early**, and what it did not measure is missing or 0: %v.\n\n", r.ended)
	}
	if len(r.fleets) > 0 {
		b.WriteString(fleetTable(r.fleets))
		b.WriteString(cpuTable(r.fleets))
		b.WriteString(writesTable(r.fleets))
		b.WriteString(r.memory())
	}
	b.WriteString(r.times())
	if r.failover != nil {
		b.WriteString(r.failover.table())
	}
	if r.foreign != nil {
		b.WriteString(r.foreign.table())
	}
	if len(r.decide) > 0 {
		b.WriteString(decideTable(r.decide))
	}
	b.WriteString(quoted)
	return b.String()
}

func (r *results) setting() string {
	m := r.machine
	return fmt.Sprintf(`Measured on %s in %.0f minutes, on %d CPUs (%s, %s/%s), %s of memory, load %s before the run, %s. The API server, the
controllers and the scheduler are real and share the CPUs with the operator; nodes, pods and databases are
simulated. The operator is a process with the RBAC of its manifests and the environment %s. Each Superset is
that of the samples: two web pods, two workers, a scheduler. Counts and ratios hold on another machine;
times do not. An installation is one of %s, an upgrade one from %s to %s, and all Supersets begin at once.

`, r.began.UTC().Format("2 January 2006"), r.took.Minutes(), m.cpus, m.model, m.system, m.arc, m.memory, m.load, m.goRelease,
		"`"+strings.Join(r.environment, " ")+"`", before, before, after)
}

// row is a row of the table of fleets.
type row struct {
	name string
	of   func(f *fleet) string
}

func number(format string, value func(f *fleet) float64) func(f *fleet) string {
	return func(f *fleet) string { return fmt.Sprintf(format, value(f)) }
}

func mib(kib int) string { return fmt.Sprintf("%.0f", float64(kib)/1024) }

// all is writes and events.
func (r *requests) all() int { return r.writes + r.events }

var fleetRows = []row{
	{"install all, s", number("%.1f", func(f *fleet) float64 { return f.install.took.Seconds() })},
	{"upgrade all, s", number("%.1f", func(f *fleet) float64 { return f.upgrade.took.Seconds() })},
	{"operator CPU per installation, ms", number("%.0f", func(f *fleet) float64 { return perUpgrade(f.install.cpu[nameOperator], f.n) / 1e6 })},
	{"operator CPU per upgrade, ms", number("%.0f", func(f *fleet) float64 { return perUpgrade(f.upgrade.cpu[nameOperator], f.n) / 1e6 })},
	{"operator's share of the CPU during the upgrade, %", number("%.1f", func(f *fleet) float64 { return 100 * f.upgrade.cpu.share() })},
	{"API writes per installation (of which events)", func(f *fleet) string { return writesOf(&f.install, f.n) }},
	{"API writes per upgrade (of which events)", func(f *fleet) string { return writesOf(&f.upgrade, f.n) }},
	{"live reads per upgrade", number("%.2f", func(f *fleet) float64 { return perUpgrade(f.upgrade.requests.reads, f.n) })},
	{"rejected requests per upgrade", number("%.2f", func(f *fleet) float64 { return perUpgrade(f.upgrade.requests.rejected, f.n) })},
	{"resident memory without a Superset, MiB", func(f *fleet) string { return mib(f.empty) }},
	{"resident memory after the installation, MiB", func(f *fleet) string { return mib(f.install.memory) }},
	{"resident memory after the upgrade (highest until then), MiB", func(f *fleet) string { return mib(f.upgrade.memory) + " (" + mib(f.upgrade.peak) + ")" }},
	{"at rest for 20 s: writes / reads", func(f *fleet) string { return fmt.Sprintf("%d / %d", f.idle.requests.all(), f.idle.requests.reads) }},
	{"at rest for 20 s: operator CPU, ms", number("%.0f", func(f *fleet) float64 { return float64(f.idle.cpu[nameOperator].Milliseconds()) })},
	{"restart: s until idle", number("%.1f", func(f *fleet) float64 { return f.again.took.Seconds() })},
	{"restart: writes / reads / further pages / watches", func(f *fleet) string {
		q := f.again.requests
		return fmt.Sprintf("%d / %d / %d / %d", q.all(), q.reads, q.pages, q.watches)
	}},
	{"restart: operator CPU, s", number("%.2f", func(f *fleet) float64 { return f.again.cpu[nameOperator].Seconds() })},
	{"restart: resident memory (highest until then), MiB", func(f *fleet) string { return mib(f.again.memory) + " (" + mib(f.again.peak) + ")" }},
}

func writesOf(c *cost, n int) string {
	return fmt.Sprintf("%.1f (%.1f)", perUpgrade(c.requests.all(), n), perUpgrade(c.requests.events, n))
}

func (f *fleet) title() string {
	if f.shared {
		return fmt.Sprintf("%d, one namespace", f.n)
	}
	return fmt.Sprintf("%d, a namespace each", f.n)
}

// heading is the head of a table with a column for each fleet.
func heading(first string, fleets []*fleet) string {
	head, line := "| "+first+" |", "|---|"
	for _, f := range fleets {
		head += " " + f.title() + " |"
		line += "---:|"
	}
	return head + "\n" + line + "\n"
}

func fleetTable(fleets []*fleet) string {
	out := "## By number of Supersets\n\n" + heading("", fleets)
	for _, row := range fleetRows {
		out += "| " + row.name + " |"
		for _, f := range fleets {
			out += " " + row.of(f) + " |"
		}
		out += "\n"
	}
	return out + "\nWrites are requests that the API server accepted, without leases. Reads are gets and lists; watches begin with a list.\nCPU and requests of a step count until the operator is idle again, its time until the last Superset is Ready.\n\n"
}

// cpuTable lists who used the CPUs during the upgrade.
func cpuTable(fleets []*fleet) string {
	var names []string
	for name := range fleets[0].upgrade.cpu {
		names = append(names, name)
	}
	slices.Sort(names)
	out := "## CPU per upgrade, by process\n\n" + heading("ms", fleets)
	for _, name := range names {
		out += "| " + name + " |"
		for _, f := range fleets {
			out += fmt.Sprintf(" %.0f |", perUpgrade(f.upgrade.cpu[name], f.n)/1e6)
		}
		out += "\n"
	}
	return out + "\n`" + nameBench + "` measures, and plays the Jobs; the operator's share above is that of all others.\n\n"
}

// writesTable lists the writes of an upgrade by verb and kind.
func writesTable(fleets []*fleet) string {
	var sites []string
	for _, f := range fleets {
		for site := range f.upgrade.requests.sites {
			if !slices.Contains(sites, site) {
				sites = append(sites, site)
			}
		}
	}
	slices.Sort(sites)
	out := "## Writes per upgrade\n\n" + heading("", fleets)
	for _, site := range sites {
		out += "| " + site + " |"
		for _, f := range fleets {
			out += fmt.Sprintf(" %.2f |", perUpgrade(f.upgrade.requests.sites[site], f.n))
		}
		out += "\n"
	}
	return out + "\n"
}

// memory says what the manifest allows and what a Superset takes.
func (r *results) memory() string {
	limits, requests := r.manifest.resources.Limits, r.manifest.resources.Requests
	out := fmt.Sprintf("## Memory\n\nThe manifest requests %s of memory and %s of CPU, limits memory to %s, and sets %s.", requests.Memory(), requests.Cpu(), limits.Memory(), strings.Join(r.manifest.environment, " "))
	for _, f := range r.fleets {
		if high := max(f.upgrade.peak, f.again.peak); high > 0 {
			out += fmt.Sprintf(" With %s the highest was %s MiB: %.0f %% of the limit.", f.title(), mib(high), 100*float64(high)*1024/float64(max(limits.Memory().Value(), 1)))
		}
	}
	if kib, ok := slope(r.fleets); ok {
		out += fmt.Sprintf(" Between the smallest and the largest number in one namespace a Superset takes %.2f MiB after an upgrade.", kib/1024)
	}
	return out + "\n\n"
}

// times lists what the operator adds to the time of pods and Jobs.
func (r *results) times() string {
	type column struct {
		title string
		of    []phaseTime
	}
	var columns []column
	if r.failover != nil {
		columns = append(columns, column{fmt.Sprintf("%d, one after another", r.failover.n), r.failover.alone})
	}
	for _, f := range r.fleets {
		if len(f.upgraded) > 0 {
			columns = append(columns, column{f.title(), f.upgraded})
		}
	}
	if len(columns) == 0 {
		return ""
	}
	out := "## Time added to pods and Jobs\n\nThe part of each phase of an upgrade in which no Job's pod was to start or run, no pod to start or end, and no\nDeployment behind its spec: what the operator takes to see, decide and write, and what the API server takes to\nanswer. Ready is the time from the edit to Validate. Each cell has p50 / p99 of it, and p50 of the whole phase, in ms.\nWhere many upgrades begin at once, they also wait for the CPUs.\n\n| phase |"
	line := "|---|"
	for _, c := range columns {
		out += " " + c.title + " |"
		line += "---:|"
	}
	out += "\n" + line + "\n"
	for _, phase := range append([]v1alpha1.Phase{v1alpha1.PhaseReady}, moving()...) {
		out += "| " + string(phase) + " |"
		for _, c := range columns {
			added, whole := addedBy(c.of)
			out += " " + phaseCell(added[phase], whole[phase]) + " |"
		}
		out += "\n"
	}
	return out + "\n"
}

// moving are the phases of an upgrade.
func moving() []v1alpha1.Phase {
	return []v1alpha1.Phase{v1alpha1.PhaseValidate, v1alpha1.PhaseDBMigrate, v1alpha1.PhaseUpgradeScheduler, v1alpha1.PhaseUpgradeWorkers, v1alpha1.PhaseUpgradeWeb, v1alpha1.PhaseVerify}
}

func phaseCell(added, whole []time.Duration) string {
	if len(added) == 0 {
		return "–"
	}
	return fmt.Sprintf("%d / %d of %d", quantile(added, 0.5).Milliseconds(), quantile(added, 0.99).Milliseconds(), quantile(whole, 0.5).Milliseconds())
}
