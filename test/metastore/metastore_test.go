// SPDX-License-Identifier: Apache-2.0

package metastore

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const dumpHead = `--
-- PostgreSQL database dump
--

\restrict aVeryRandomToken

SET default_table_access_method = heap;

`

const dumpBefore = dumpHead + `--
-- Name: slices; Type: TABLE; Schema: public; Owner: superset
--

CREATE TABLE public.slices (
    id integer NOT NULL,
    title character varying(128),
    size integer
);


--
-- Name: slices slices_pkey; Type: CONSTRAINT; Schema: public; Owner: superset
--

ALTER TABLE ONLY public.slices
    ADD CONSTRAINT slices_pkey PRIMARY KEY (id);


--
-- Name: idx; Type: INDEX; Schema: public; Owner: superset
--

CREATE INDEX idx ON public.slices USING btree (title);
`

const dumpAfter = `--
-- Name: slices; Type: TABLE; Schema: public; Owner: another
--

CREATE TABLE public.slices (
    id integer NOT NULL,
    size integer,
    title text
);


--
-- Name: slices slices_pkey; Type: CONSTRAINT; Schema: public; Owner: another
--

SET default_tablespace = '';
ALTER TABLE ONLY public.slices
    ADD CONSTRAINT slices_pkey PRIMARY KEY (id);


--
-- Name: lower(text); Type: FUNCTION; Schema: public; Owner: another
--

CREATE FUNCTION public.lower(text) RETURNS text;

\unrestrict another
`

func TestSchemaDiff(t *testing.T) {
	before := ParseSchema(dumpBefore)
	if len(before) != 3 {
		t.Fatalf("the dump has objects %v, want 3", before)
	}
	if diff := before.Diff(ParseSchema(dumpBefore)); diff != nil {
		t.Errorf("a schema differs from itself: %v", diff)
	}
	want := []string{
		"gone: INDEX idx",
		"changed: TABLE slices: title character varying(128) became title text",
		"left over: FUNCTION lower(text)",
	}
	if diff := cmp.Diff(want, before.Diff(ParseSchema(dumpAfter))); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}

func TestRowsDiff(t *testing.T) {
	before := parse(t, "a\t{\"id\":1,\"x\":\"one\",\"seen\":1}\na\t{\"id\":2,\"x\":\"two\",\"seen\":1}\nb\t{\"id\":1}\nc\t{\"id\":1}\nc\t{\"id\":1}\n")
	if diff := before.Diff(before, nil); diff != nil || before.Count() != 5 {
		t.Errorf("comparing %d rows with themselves gives differences: %v", before.Count(), diff)
	}
	// A column that is new, one that was removed, one that is ignored, and one that
	// is compared; a new table, a removed one, and a duplicate row.
	after := parse(t, "a\t{\"id\":1,\"x\":\"one\",\"seen\":7,\"new\":true}\na\t{\"id\":2,\"x\":\"2\",\"seen\":7,\"new\":true}\nc\t{\"id\":1}\nd\t{\"id\":1}\n")
	want := []Change{
		{Table: "a", Lost: 1, Gained: 1, Example: `id=2 x="two"`},
		{Table: "b", Lost: 1, Example: "id=1"},
		{Table: "c", Lost: 1, Example: "id=1"},
		{Table: "d", Gained: 1, Example: "id=1"},
	}
	if diff := cmp.Diff(want, before.Diff(after, map[string][]string{"a": {"seen"}})); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func parse(t *testing.T, printed string) Rows {
	t.Helper()
	rows, err := ParseRows(printed)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestParseRowsRejectsInvalidInput(t *testing.T) {
	for _, printed := range []string{"psql: error\n", "a\tnothing\n"} {
		if rows, err := ParseRows(printed); err == nil {
			t.Errorf("%q was read as %v", printed, rows)
		}
	}
}
