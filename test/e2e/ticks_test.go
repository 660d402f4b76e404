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

// ticksTable is in a database of its own, which no migration touches. It takes the same
// number twice: that is what is looked for.
const ticksTable = "CREATE TABLE ticks (n integer NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())"

// ticker sends the workers a task each second that leaves a number, all through an
// upgrade: at the end each is to be there once.
type ticker struct {
	cluster
	session    *session
	connection int
	t          *testing.T
	ended      chan struct{}
	done       sync.WaitGroup
	// sent are the numbers that Superset has taken on; only the sender uses it before
	// it has ended.
	sent []int
}

// tasks is what became of them.
type tasks struct {
	// Sent were taken on; Lost of them left nothing, Twice of all that were asked for
	// left more than one number.
	Sent, Lost, Twice int
}

// ticksDatabase is the name of the database where the numbers are.
func (c cluster) ticksDatabase() string { return c.database() + "_ticks" }

// startTicking makes the database for the numbers and a connection to it in Superset
// that may write, and begins to send.
func (j *trip) startTicking(t *testing.T) *ticker {
	t.Helper()
	if j.ticks == 0 {
		j.onServer(t, "", "createdb", "--owner=superset", j.ticksDatabase())
		j.onServer(t, "SET ROLE superset;\n"+ticksTable, "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-", j.ticksDatabase())
		uri := strings.TrimSuffix(j.databaseURI(t), j.database()) + j.ticksDatabase()
		j.ticks = j.user(t).make(t, "database", map[string]any{"database_name": "ticks", "sqlalchemy_uri": uri, "expose_in_sqllab": true, "allow_run_async": true, "allow_dml": true})
	}
	j.onServer(t, "TRUNCATE ticks", "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-", j.ticksDatabase())
	k := &ticker{cluster: j.cluster, session: j.user(t), connection: j.ticks, t: t, ended: make(chan struct{})}
	k.session.client.Transport = &http.Transport{DisableKeepAlives: true}
	k.done.Go(k.send)
	return k
}

func (k *ticker) send() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 1; ; n++ {
		body, _ := json.Marshal(map[string]any{
			"database_id": k.connection, "sql": fmt.Sprintf("INSERT INTO ticks (n) VALUES (%d)", n), "runAsync": true,
			"client_id": fmt.Sprintf("%011d", time.Now().UnixNano()%1e11),
		})
		if _, status, err := k.session.send(k.t, http.MethodPost, "/api/v1/sqllab/execute/", body); err == nil && status < http.StatusBadRequest {
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

// stop sends no more, and waits until the workers have done all that is in the queue:
// that is when one more that is sent now has left its number.
func (k *ticker) stop(t *testing.T) tasks {
	t.Helper()
	close(k.ended)
	k.done.Wait()
	if len(k.sent) == 0 {
		t.Fatal("not one task could be sent")
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
	// A queue has no end that could be seen from here: what is not there by then is lost.
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
		t.Logf("tasks that left nothing: %v; %s", missing(), k.said(t))
	}
	return result
}

// numbers counts how often each number is there.
func (k *ticker) numbers(t *testing.T) map[int]int {
	t.Helper()
	printed := k.onServer(t, "SELECT n FROM ticks", "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--file=-", k.ticksDatabase())
	times := map[int]int{}
	for _, line := range strings.Fields(printed) {
		n, err := strconv.Atoi(line)
		if err != nil {
			t.Fatalf("reading the numbers: %v", err)
		}
		times[n]++
	}
	return times
}

// said is what Superset itself says of its queries.
func (k *ticker) said(t *testing.T) string {
	t.Helper()
	return k.onServer(t, "SELECT status, count(*), min(sql), left(max(error_message), 200) FROM query WHERE sql LIKE 'INSERT INTO ticks%' GROUP BY status",
		"psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--file=-", k.database())
}
