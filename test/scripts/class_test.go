// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestClassifier gives each rule of the classifier a script of a few lines: the
// class of upgrade(), with "2" if it uses a second connection, and that of
// downgrade().
func TestClassifier(t *testing.T) {
	const undo = "downgrade"
	cases := map[string]struct{ upgrade, downgrade, want string }{
		"nothing":             {"pass", "pass", "Additive Present"},
		"no text at all":      {"", "pass", "DataChanging Empty"},
		"table":               {"op.create_table('a', sa.Column('x', sa.Integer(), nullable=False))", "op.drop_table('a')", "Additive Lossy"},
		"new table completed": {"op.create_table('a')\n    op.drop_column('a', 'x')\n    op.execute(sa.table('a').update())", "op.drop_table('a')", "Additive Lossy"},
		"nullable column":     {"op.add_column('a', sa.Column('x', sa.Integer()))", "op.drop_column('a', 'x')", "Additive Lossy"},
		"column to fill":      {"op.add_column('a', sa.Column('x', sa.Integer(), nullable=False))", "op.drop_column('a', 'x')", "Destructive Lossy"},
		"column with default": {"op.add_column('a', sa.Column('x', sa.Integer(), nullable=False, server_default='0'))", "pass", "Additive Empty"},
		"filled, then forbidden": {"op.add_column('a', sa.Column('x', sa.Integer()))\n    op.execute('UPDATE a SET x = 1')\n" +
			"    op.alter_column('a', 'x', nullable=False)", "op.drop_column('a', 'x')", "Destructive Lossy"},
		"forbids NULL":            {"op.alter_column('a', 'x', nullable=False)", "op.alter_column('a', 'x', nullable=True)", "DataChanging Present"},
		"renamed":                 {"op.alter_column('a', 'x', new_column_name='y')", undo, "Destructive Lossy"},
		"widened":                 {"op.alter_column('a', 'x', existing_type=sa.String(9), type_=sa.String(10))", undo, "Additive Present"},
		"widened, by downgrade":   {"op.alter_column('a', 'x', type_=sa.String(10))", "op.alter_column('a', 'x', existing_type=sa.String(10), type_=sa.String(9))", "Additive Lossy"},
		"narrowed":                {"op.alter_column('a', 'x', existing_type=sa.Text(), type_=sa.String(10))", undo, "Destructive Lossy"},
		"other type":              {"op.alter_column('a', 'x', existing_type=sa.Text(), type_=sa.JSON())", undo, "DataChanging Present"},
		"index":                   {"op.create_index('i', 'a', ['x'])", "op.drop_index('i', 'a')", "Additive Present"},
		"unique index":            {"op.create_index('i', 'a', ['x'], unique=True)", "op.drop_index('i', 'a')", "DataChanging Present"},
		"key of a new column":     {"op.add_column('a', sa.Column('x', sa.Integer()))\n    op.create_foreign_key('f', 'a', 'b', ['x'], ['id'])", undo, "Additive Present"},
		"key of an old column":    {"op.create_foreign_key('f', 'a', 'b', ['x'], ['id'])", "op.drop_constraint('f', 'a')", "DataChanging Present"},
		"batch":                   {"with op.batch_alter_table('a') as b:\n        b.drop_column('x')", "pass", "Destructive Empty"},
		"rows by SQL":             {"op.get_bind().execute(sa.text('UPDATE a SET x = 1'))", "op.get_bind().execute('UPDATE a SET x = 2')", "DataChanging Present"},
		"rows left":               {"op.execute('UPDATE a SET x = 1')", "op.drop_index('i', 'a')", "DataChanging Lossy"},
		"rows deleted by SQL":     {"op.execute('SELECT 1; delete from a')", undo, "Destructive Lossy"},
		"rows deleted":            {"sa.orm.Session(bind=op.get_bind()).query(M).delete()", undo, "Destructive Lossy"},
		"unknown SQL":             {"op.execute('VACUUM a')", undo, "DataChanging Present"},
		"computed SQL":            {"op.execute(open('x').read())", undo, "DataChanging Present"},
		"unknown operation":       {"op.run_async(f)", undo, "DataChanging Present"},
		"hands its connection":    {"op.create_index('i', 'a', ['x'])\n    elsewhere(op)", undo, "DataChanging Present"},
		"a name of a statement":   {"q = 'DELETE FROM a'\n    op.execute(q)", undo, "Destructive Lossy"},
		"a name of a part":        {"op.create_table('a')\n    t, c = 'a.x'.split('.')\n    op.drop_column(t, c)", undo, "Additive Present"},
		"a method of its session": {"op.create_index('i', 'a', ['x'])\n    thing.work(session)", undo, "DataChanging Present"},
		"by a helper":             {"helper()", undo, "Destructive Lossy"},
		"handed on":               {"op.create_index('i', 'a', ['x'])\n    list(map(helper, [1]))", undo, "Destructive Lossy"},
		"each of a list":          {"for t in ('a', 'b'):\n        op.create_table(t)\n    op.drop_column('b', 'x')", undo, "Additive Present"},
		"second connection":       {"db.session.query(M).all()", undo, "DataChanging Present 2"},
		"own session":             {"db.Session(bind=op.get_bind()).query(M).all()", "db.Session(bind=op.get_bind()).commit()", "DataChanging Present"},
		"engine of a model":       {"database.get_sqla_engine()", undo, "DataChanging Present 2"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			back := c.downgrade
			if back == undo {
				back = "op.create_index('undo', 'z', ['x'])\n    op.execute('UPDATE z SET x = 1')"
			}
			text := "import sqlalchemy as sa\nfrom alembic import op\nfrom superset import db\ndef helper(*_):\n    op.drop_table('h')\n"
			if c.upgrade != "" {
				text += fmt.Sprintf("def upgrade():\n    %s\n", c.upgrade)
			}
			text += fmt.Sprintf("def downgrade():\n    %s\n", back)
			file := filepath.Join(folder, "migrations", "versions", "r.py")
			writeFile(t, file, text)
			const expression = "(lambda v: [v.change, v.downgrade, '2' if v.second_connection else '', v.why])" +
				"(importlib.import_module('superset_job.revisions.verdict').judge({'r': __import__('pathlib').Path(given[0])}, ['r'])[0])"
			got, ok := evaluate(t, expression, file).([]any)
			if !ok || strings.TrimSpace(fmt.Sprint(got[0], " ", got[1], " ", got[2])) != c.want {
				t.Errorf("%v, want %s, of:\n%s", got, c.want, text)
			}
		})
	}
}

// TestPathIsTruncated has more revisions with a second connection than fit into a result:
// counts are kept, the last revisions are dropped.
func TestPathIsTruncated(t *testing.T) {
	const expression = "(lambda v: report.Result('inspect', pending=['0123456789ab'] * 390," +
		" path=v.path_of([v.Verdict('%012d' % i, v.CLASSES[i % 3], 'Lossy', 'x' * 150, True) for i in range(390)], True))" +
		".encode(lambda t: t).decode())(importlib.import_module('superset_job.revisions.verdict'))"
	line, _ := evaluate(t, expression).(string)
	if len(line) > resultLimit || len(line) < resultLimit-300 {
		t.Errorf("%d bytes, want up to %d and not much less", len(line), resultLimit)
	}
	for _, want := range []string{`"additive":130,"dataChanging":130,"destructive":130`, `"pendingCount":390`, `"secondConnection":["000000000000","000000000001"`} {
		if !strings.Contains(line, want) {
			t.Errorf("no %s in %s", want, line)
		}
	}
	if strings.Contains(line, "000000000389") || strings.Contains(line, "xxx") {
		t.Errorf("the last revisions, or details of them, were kept: %s", line)
	}
}
