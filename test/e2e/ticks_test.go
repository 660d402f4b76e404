// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// ticksTable is in a separate database, which no migration touches. It accepts
// the same number twice: duplicates are what the test looks for.
const ticksTable = "CREATE TABLE ticks (n integer NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())"

// ticker sends the workers a task each second that stores a number, during the
// whole upgrade: at the end each number must exist exactly once.
type ticker struct {
	cluster
	session    *session
	connection int
	t          *testing.T
	ended      chan struct{}
	done       sync.WaitGroup
	// sent are the numbers that Superset has accepted; only the sender uses it
	// before it has ended.
	sent []int
}

// tasks is the result.
type tasks struct {
	// Sent were accepted; Lost of them stored nothing, Twice of all requested ones
	// stored more than one number.
	Sent, Lost, Twice int
}

// ticksDatabase is the name of the database for the numbers.
func (c cluster) ticksDatabase() string { return c.database() + "_ticks" }

// startTicking begins to send, with an empty table.
func (j *trip) startTicking(t *testing.T) *ticker {
	t.Helper()
	k := j.newTicker(t)
	k.session.client.Transport = &http.Transport{DisableKeepAlives: true}
	k.done.Go(k.send)
	return k
}

// newTicker empties the table. The first time it creates the database for the numbers and a
// connection to it in Superset that may write.
func (j *trip) newTicker(t *testing.T) *ticker {
	t.Helper()
	if j.ticks == 0 {
		j.onServer(t, "", "createdb", "--owner=superset", j.ticksDatabase())
		j.onTicks(t, "SET ROLE superset;\n"+ticksTable)
		uri := strings.TrimSuffix(j.databaseURI(t), j.database()) + j.ticksDatabase()
		j.ticks = j.user(t).make(t, "database", map[string]any{"database_name": "ticks", "sqlalchemy_uri": uri, "expose_in_sqllab": true, "allow_run_async": true, "allow_dml": true})
	}
	j.onTicks(t, "TRUNCATE ticks")
	return &ticker{cluster: j.cluster, session: j.user(t), connection: j.ticks, t: t, ended: make(chan struct{})}
}

// onTicks runs SQL in the database for the numbers.
func (c cluster) onTicks(t *testing.T, sql string) string {
	t.Helper()
	return c.onServer(t, sql, "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--file=-", c.ticksDatabase())
}

func (k *ticker) send() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 1; ; n++ {
		if _, status, err := k.execute(fmt.Sprintf("INSERT INTO ticks (n) VALUES (%d)", n)); err == nil && status < http.StatusBadRequest {
			k.sent = append(k.sent, n)
		}
		select {
		case <-k.ended:
			return
		case <-k.t.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// execute sends SQL as a task to the workers.
func (k *ticker) execute(sql string) (answer []byte, status int, err error) {
	body, _ := json.Marshal(map[string]any{
		"database_id": k.connection, "sql": sql, "runAsync": true,
		"client_id": fmt.Sprintf("%011d", time.Now().UnixNano()%1e11),
	})
	return k.session.send(k.t, http.MethodPost, "/api/v1/sqllab/execute/", body)
}

// stop stops sending, and waits until the workers have processed the queue: until
// a last task that is sent now has stored its number.
func (k *ticker) stop(t *testing.T) tasks {
	t.Helper()
	close(k.ended)
	k.done.Wait()
	if len(k.sent) == 0 {
		t.Fatal("no task could be sent")
	}
	times := map[int]int{}
	missing := func() (list []int) {
		times = k.numbers(t)
		for _, n := range k.sent {
			if times[n] == 0 {
				list = append(list, n)
			}
		}
		return list
	}
	// The end of a queue cannot be observed from here: a number that is missing by
	// then is lost.
	for range 120 {
		if len(missing()) == 0 {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	result := tasks{Sent: len(k.sent), Lost: len(missing())}
	for n, count := range times {
		if count > 1 {
			result.Twice++
			t.Logf("task %d was executed %d times", n, count)
		}
	}
	if result.Lost > 0 {
		t.Logf("tasks that stored nothing: %v; %s", missing(), k.said(t))
	}
	return result
}

// numbers counts how often each number is stored.
func (k *ticker) numbers(t *testing.T) map[int]int {
	t.Helper()
	times := map[int]int{}
	for _, line := range strings.Fields(k.onTicks(t, "SELECT n FROM ticks")) {
		n, err := strconv.Atoi(line)
		if err != nil {
			t.Fatalf("reading the numbers: %v", err)
		}
		times[n]++
	}
	return times
}

// said is Superset's own record of its queries.
func (k *ticker) said(t *testing.T) string {
	t.Helper()
	return k.onServer(t, "SELECT status, count(*), min(sql), left(max(error_message), 200) FROM query WHERE sql LIKE 'INSERT INTO ticks%' GROUP BY status",
		"psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--file=-", k.database())
}
