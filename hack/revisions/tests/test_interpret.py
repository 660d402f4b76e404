# SPDX-License-Identifier: Apache-2.0
"""Each rule of the interpreter, on scripts of a few lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from interpret import Interpreter
from superset_job.revisions.known import decoded, encoded
from superset_job.revisions.verdict import verdict

UNDO = "op.create_index('undo', 'z', ['x'])\n    op.execute('UPDATE z SET x = 1')"
# The bodies of upgrade() and downgrade(), the class of each, and "2" for a second connection.
CASES = {
    "nothing": ("pass", "pass", "Additive Present"),
    "no text at all": ("", "pass", "DataChanging Empty"),
    "table": ("op.create_table('a', sa.Column('x', sa.Integer(), nullable=False))", "op.drop_table('a')", "Additive Lossy"),
    "new table completed": (
        "op.create_table('a')\n    op.drop_column('a', 'x')\n    op.execute(sa.table('a').update())",
        "op.drop_table('a')",
        "Additive Lossy",
    ),
    "nullable column": ("op.add_column('a', sa.Column('x', sa.Integer()))", "op.drop_column('a', 'x')", "Additive Lossy"),
    "column to fill": ("op.add_column('a', sa.Column('x', sa.Integer(), nullable=False))", "op.drop_column('a', 'x')", "Destructive Lossy"),
    "column with default": (
        "op.add_column('a', sa.Column('x', sa.Integer(), nullable=False, server_default='0'))",
        "pass",
        "Additive Empty",
    ),
    "filled, then forbidden": (
        "op.add_column('a', sa.Column('x', sa.Integer()))\n    op.execute('UPDATE a SET x = 1')\n    "
        "op.alter_column('a', 'x', nullable=False)",
        "op.drop_column('a', 'x')",
        "Destructive Lossy",
    ),
    "forbids NULL": ("op.alter_column('a', 'x', nullable=False)", "op.alter_column('a', 'x', nullable=True)", "DataChanging Present"),
    "renamed": ("op.alter_column('a', 'x', new_column_name='y')", UNDO, "Destructive Lossy"),
    "widened": ("op.alter_column('a', 'x', existing_type=sa.String(9), type_=sa.String(10))", UNDO, "Additive Present"),
    "widened, by downgrade": (
        "op.alter_column('a', 'x', type_=sa.String(10))",
        "op.alter_column('a', 'x', existing_type=sa.String(10), type_=sa.String(9))",
        "Additive Lossy",
    ),
    "narrowed": ("op.alter_column('a', 'x', existing_type=sa.Text(), type_=sa.String(10))", UNDO, "Destructive Lossy"),
    "other type": ("op.alter_column('a', 'x', existing_type=sa.Text(), type_=sa.JSON())", UNDO, "DataChanging Present"),
    "index": ("op.create_index('i', 'a', ['x'])", "op.drop_index('i', 'a')", "Additive Present"),
    "unique index": ("op.create_index('i', 'a', ['x'], unique=True)", "op.drop_index('i', 'a')", "DataChanging Present"),
    "key of a new column": (
        "op.add_column('a', sa.Column('x', sa.Integer()))\n    op.create_foreign_key('f', 'a', 'b', ['x'], ['id'])",
        UNDO,
        "Additive Present",
    ),
    "key of an old column": ("op.create_foreign_key('f', 'a', 'b', ['x'], ['id'])", "op.drop_constraint('f', 'a')", "DataChanging Present"),
    "batch": ("with op.batch_alter_table('a') as b:\n        b.drop_column('x')", "pass", "Destructive Empty"),
    "rows by SQL": (
        "op.get_bind().execute(sa.text('UPDATE a SET x = 1'))",
        "op.get_bind().execute('UPDATE a SET x = 2')",
        "DataChanging Present",
    ),
    "rows left": ("op.execute('UPDATE a SET x = 1')", "op.drop_index('i', 'a')", "DataChanging Lossy"),
    "rows deleted by SQL": ("op.execute('SELECT 1; delete from a')", UNDO, "Destructive Lossy"),
    "rows deleted": ("sa.orm.Session(bind=op.get_bind()).query(M).delete()", UNDO, "Destructive Lossy"),
    "unknown SQL": ("op.execute('VACUUM a')", UNDO, "DataChanging Present"),
    "computed SQL": ("op.execute(open('x').read())", UNDO, "DataChanging Present"),
    "unknown operation": ("op.run_async(f)", UNDO, "DataChanging Present"),
    "hands its connection": ("op.create_index('i', 'a', ['x'])\n    elsewhere(op)", UNDO, "DataChanging Present"),
    "a name of a statement": ("q = 'DELETE FROM a'\n    op.execute(q)", UNDO, "Destructive Lossy"),
    "a name of a part": ("op.create_table('a')\n    t, c = 'a.x'.split('.')\n    op.drop_column(t, c)", UNDO, "Additive Present"),
    "a method of its session": ("op.create_index('i', 'a', ['x'])\n    thing.work(session)", UNDO, "DataChanging Present"),
    "by a helper": ("helper()", UNDO, "Destructive Lossy"),
    "handed on": ("op.create_index('i', 'a', ['x'])\n    list(map(helper, [1]))", UNDO, "Destructive Lossy"),
    "each of a list": ("for t in ('a', 'b'):\n        op.create_table(t)\n    op.drop_column('b', 'x')", UNDO, "Additive Present"),
    "second connection": ("db.session.query(M).all()", UNDO, "DataChanging Present 2"),
    "own session": ("db.Session(bind=op.get_bind()).query(M).all()", "db.Session(bind=op.get_bind()).commit()", "DataChanging Present"),
    "engine of a model": ("database.get_sqla_engine()", UNDO, "DataChanging Present 2"),
}


@pytest.mark.parametrize("name", CASES)
def test_rules(name: str, tmp_path: Path) -> None:
    upgrade, downgrade, want = CASES[name]
    text = "import sqlalchemy as sa\nfrom alembic import op\nfrom superset import db\ndef helper(*_):\n    op.drop_table('h')\n"
    text += f"def upgrade():\n    {upgrade}\n" if upgrade else ""
    text += f"def downgrade():\n    {downgrade}\n"
    file = tmp_path / "versions" / "r.py"
    file.parent.mkdir()
    file.write_text(text)
    change = Interpreter(tmp_path).change(file)
    assert decoded(encoded(change, ["0"])) == change
    got = verdict("r", change, set())
    assert " ".join([got.change, got.downgrade, "2" if got.second_connection else ""]).strip() == want, got.why
