// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	rounds = flag.Int("rounds", 1, "how often TestPoliteProof migrates each way")
	table  = flag.String("table", "", "the Markdown file that TestPoliteProof writes what it saw to; none by default")
)

// proofMaxLock is the budget of a polite migration, in seconds.
const proofMaxLock = "10"

// attempt is the result of one migration under load.
type attempt struct {
	polite   bool
	error    string // why the migration failed; empty if it did not
	requests int
	failed   int
	slowest  time.Duration
	locks    locks
}

// TestPoliteProof migrates under load, alternately with Superset's own command
// and politely, each time on a fresh copy of the database. The plain command is
// for comparison: only the polite migration must have no failures.
func TestPoliteProof(t *testing.T) {
	pg, cache := startPostgreSQL(t), startRedis(t)
	web := job{release: v500, script: "migrate", database: pg.createTenant(t, "seeded"), cache: cache,
		raw: "RATELIMIT_ENABLED = False"}
	web.expect(t, "")
	seed(t, pg, web, "seeded")
	pg.noSessions(t, "seeded")
	var attempts []attempt
	for round := range *rounds {
		for _, polite := range []bool{false, true} {
			name := fmt.Sprintf("round_%d_plain", round+1)
			if polite {
				name = fmt.Sprintf("round_%d_polite", round+1)
			}
			t.Run(name, func(t *testing.T) {
				web := web
				web.database = pg.copyTenant(t, "seeded", name)
				a := migrateUnderLoad(t, web, polite)
				attempts = append(attempts, a)
				t.Logf("migration %q, %d of %d requests failed, slowest %v, locks %+v", a.error, a.failed, a.requests, a.slowest, a.locks)
			})
			pg.query(t, "postgres", "DROP DATABASE "+name+" WITH (FORCE)")
		}
		if *table != "" {
			writeFile(t, *table, proof(attempts))
		}
	}
	for _, a := range attempts {
		if a.polite && (a.error != "" || a.failed > 0) {
			t.Errorf("a polite migration failed (%s) or made %d requests fail", a.error, a.failed)
		}
	}
}

// migrateUnderLoad migrates a database from 5.0.0 to 6.0.0 while a web tier of
// 5.0.0 uses it.
func migrateUnderLoad(t *testing.T, web job, polite bool) attempt {
	t.Helper()
	process, url := startWeb(t, web)
	l := startLoad(t, url)
	l.more(t, 50)
	a := attempt{polite: polite}
	migrate := job{release: v600, script: "migrate", database: web.database, cache: web.cache}
	if polite {
		r := politely(migrate, proofMaxLock, "180").start(t)
		r.waitUntilDone("migrated to ")
		l.more(t, 50)
		l.stop() // superset init, which the plain command does not include, follows without load
		got, log := r.wait(t)
		if a.error = got.Message; a.error != "" {
			t.Logf("%s", log)
		}
		if got.Locks != nil {
			a.locks = *got.Locks
		}
	} else {
		p := start(t, "superset db upgrade", migrate.command(t, "superset", "db", "upgrade"), syscall.SIGKILL)
		<-p.done
		if !p.ProcessState.Success() {
			a.error = lastLine(p.log.String())
		}
		l.more(t, 50)
		l.stop()
	}
	end(t, process)
	a.requests, a.failed, a.slowest = l.requests, len(l.failed), l.slowest
	if a.failed > 0 {
		t.Logf("failed requests:\n%s\nweb:\n%s", strings.Join(l.failed[:min(10, a.failed)], "\n"), errorsOf(process.log.String()))
	}
	return a
}

// lastLine is the last line of a program's traceback.
func lastLine(text string) string {
	for _, line := range slices.Backward(strings.Split(strings.TrimSpace(text), "\n")) {
		if strings.HasPrefix(line, "psycopg2.") || strings.HasPrefix(line, "sqlalchemy.") {
			return line
		}
	}
	return "no error of the database"
}

// errorsOf returns the lines of a log that name an error, up to thirty.
func errorsOf(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.Contains(line, "Error") || strings.Contains(line, "DETAIL") || strings.Contains(line, "Process ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[:min(30, len(lines))], "\n")
}

// proof renders the attempts for the page.
func proof(attempts []attempt) string {
	var b strings.Builder
	memory := "an unknown amount"
	if info, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kilobytes int
		if _, err := fmt.Sscanf(string(info), "MemTotal: %d kB", &kilobytes); err == nil {
			memory = fmt.Sprintf("%d GiB", kilobytes>>20)
		}
	}
	fmt.Fprintf(&b, proofHead, len(attempts)/2, loadClients, maxThink, runtime.NumCPU(), memory, proofMaxLock)
	for _, polite := range []bool{false, true} {
		b.WriteString(summary(attempts, polite))
	}
	b.WriteString(proofRuns)
	number := 0
	for _, a := range attempts {
		way, locked := "plain", "| | |"
		if a.polite {
			way, locked = "polite", fmt.Sprintf("%d | %.1f | %.1f", a.locks.Tries, a.locks.WaitSeconds, a.locks.HeldSeconds)
		} else {
			number++
		}
		outcome := "done"
		if a.error != "" {
			outcome = strings.ReplaceAll(a.error, "|", "/")
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %d | %d | %.1f | %s |\n", number, way, outcome, a.requests, a.failed, a.slowest.Seconds(), strings.TrimSuffix(locked, " |"))
	}
	return b.String()
}

func summary(attempts []attempt, polite bool) string {
	var runs, migrations, requests, failed, tries int
	var slowest, wait, held []float64
	for _, a := range attempts {
		if a.polite != polite {
			continue
		}
		runs, requests, failed, tries = runs+1, requests+a.requests, failed+a.failed, tries+a.locks.Tries
		if a.error != "" {
			migrations++
		}
		slowest, wait, held = append(slowest, a.slowest.Seconds()), append(wait, a.locks.WaitSeconds), append(held, a.locks.HeldSeconds)
	}
	row := fmt.Sprintf("%d | %d | %d | %d | %s", runs, migrations, requests, failed, middle(slowest))
	if !polite {
		return "| `superset db upgrade` | " + row + " | | | |\n"
	}
	return fmt.Sprintf("| polite | %s | %.1f | %s | %s |\n", row, float64(tries)/float64(runs), middle(wait), middle(held))
}

// middle is the median, with the maximum in parentheses.
func middle(values []float64) string {
	slices.Sort(values)
	return fmt.Sprintf("%.1f (%.1f)", values[len(values)/2], values[len(values)-1])
}
