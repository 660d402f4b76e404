// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// snapshot is everything in a PostgreSQL database that can be compared: the
// definition of each object, and for each table the number of rows and a hash
// over them.
type snapshot struct {
	Objects map[string]string
	Rows    map[string]string
}

var entry = regexp.MustCompile(`(?m)^-- (?:Data for )?Name: (.*); Type: (.*); Schema: .*$`)

// snapshot reads the current state of a database.
func (s server) snapshot(t *testing.T, database string) snapshot {
	t.Helper()
	return snapshot{s.objects(t, database), s.rows(t, database, nil)}
}

// objects is the output of pg_dump -s, split by object and without the parts that
// differ from dump to dump.
func (s server) objects(t *testing.T, database string) map[string]string {
	t.Helper()
	command := exec.Command(filepath.Join(machine.postgresql, "pg_dump"), "--schema-only",
		"-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", "postgres", database)
	command.Env = append(os.Environ(), "PGPASSWORD="+databasePassword)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("pg_dump -s of %s: %v", database, err)
	}
	objects := map[string]string{}
	text := string(out)
	found := entry.FindAllStringSubmatchIndex(text, -1)
	for i, at := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		var lines []string
		for _, line := range strings.Split(text[at[1]:end], "\n") {
			if line != "" && !strings.HasPrefix(line, "--") && !strings.HasPrefix(line, `\`) && !strings.HasPrefix(line, "SET default_") {
				lines = append(lines, line)
			}
		}
		objects[text[at[4]:at[5]]+" "+text[at[2]:at[3]]] = strings.Join(lines, "\n")
	}
	if len(objects) < 10 {
		t.Fatalf("pg_dump -s of %s shows %d objects", database, len(objects))
	}
	return objects
}

// columns are those of each table outside the system's schemas.
func (s server) columns(t *testing.T, database string) map[string][]string {
	t.Helper()
	columns := map[string][]string{}
	for _, line := range strings.Split(s.query(t, database, "SELECT format('%I.%I', table_schema, table_name), format('%I', column_name)"+
		" FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)"+
		" WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"), "\n") {
		table, column, _ := strings.Cut(line, "|")
		columns[table] = append(columns[table], column)
	}
	return columns
}

// rows returns the number and a hash of each table's rows, over the given columns
// or all of them: removed columns are left out.
func (s server) rows(t *testing.T, database string, of map[string][]string) map[string]string {
	t.Helper()
	have := s.columns(t, database)
	if of == nil {
		of = have
	}
	var questions []string
	for table, columns := range of {
		var values []string
		for _, column := range columns {
			for _, one := range have[table] {
				if one == column {
					values = append(values, column+"::text")
				}
			}
		}
		if len(values) == 0 {
			continue
		}
		questions = append(questions, fmt.Sprintf("SELECT '%s', count(*), md5(COALESCE(string_agg(h, '' ORDER BY h), ''))"+
			" FROM (SELECT md5(ROW(%s)::text) AS h FROM %s) r", table, strings.Join(values, ", "), table))
	}
	rows := map[string]string{}
	for _, line := range strings.Split(s.query(t, database, strings.Join(questions, " UNION ALL ")), "\n") {
		table, figures, _ := strings.Cut(line, "|")
		rows[table] = figures
	}
	return rows
}
