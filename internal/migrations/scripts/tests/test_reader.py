# SPDX-License-Identifier: Apache-2.0
"""What the reader of a script understands, and that everything else is unknown."""

from __future__ import annotations

import pytest

from superset_job.revisions.reader import read
from superset_job.revisions.verdict import path_of, verdict

UNDO = "op.create_index('undo', 'z', ['x'])\n    op.execute('UPDATE z SET x = 1')"
BATCH = "with op.batch_alter_table('a') as b:\n        "
# The bodies of upgrade() and downgrade(), and the class of each.
CASES = {
    "nothing": ("pass", "pass", "Additive Present"),
    "a text alone": ("'''Nothing.'''\n    return", "pass", "Additive Present"),
    "no function": ("", "pass", "Unknown Empty"),
    "table": ("op.create_table('a', sa.Column('x', sa.Integer(), nullable=False))", "op.drop_table('a')", "Additive Lossy"),
    "new table completed": ("op.create_table('a')\n    op.drop_column('a', 'x')", "op.drop_table('a')", "Additive Lossy"),
    "nullable column": ("op.add_column('a', sa.Column('x', sa.Integer()))", "op.drop_column('a', 'x')", "Additive Lossy"),
    "column to fill": ("op.add_column('a', sa.Column('x', sa.Integer(), nullable=False))", "pass", "Destructive Empty"),
    "column with default": ("op.add_column('a', sa.Column('x', nullable=False, server_default='0'))", "pass", "Additive Empty"),
    "column elsewhere": ("op.add_column('a', column)", UNDO, "Unknown Lossy"),
    "unique column": ("op.add_column('a', sa.Column('x', unique=True))", UNDO, "DataChanging Present"),
    "index": ("op.create_index('i', 'a', ['x'])", "op.drop_index('i', table_name='a')", "Additive Present"),
    "unique index": ("op.create_index('i', 'a', ['x'], unique=True)", "op.drop_index('i', 'a')", "DataChanging Present"),
    "constraint": ("op.create_foreign_key('f', 'a', 'b', ['x'], ['id'])", "op.drop_constraint('f', 'a')", "DataChanging Present"),
    "renamed": ("op.rename_table('a', 'b')", UNDO, "Destructive Lossy"),
    "batch": (BATCH + "b.drop_column('x')", "pass", "Destructive Empty"),
    "batch: index": (BATCH + "b.create_index('i', ['x'])", "pass", "Additive Empty"),
    "batch: column": (BATCH + "b.add_column(sa.Column('x'))", UNDO, "Additive Present"),
    "batch: something else": (BATCH + "b.drop_column('x') if x else None", UNDO, "Unknown Lossy"),
    "rows by SQL": ("op.execute(sa.text('UPDATE a SET x = 1'))", "op.execute('UPDATE a SET x = 2')", "DataChanging Present"),
    "rows left": ("op.execute('UPDATE a SET x = 1')", "op.drop_index('i', 'a')", "DataChanging Lossy"),
    "rows deleted by SQL": ("op.execute('SELECT 1; delete from a')", UNDO, "Destructive Lossy"),
    "unknown SQL": ("op.execute('VACUUM a')", UNDO, "Unknown Lossy"),
    "computed SQL": ("op.execute(open('x').read())", UNDO, "Unknown Lossy"),
    "SQL by the connection": ("op.get_bind().execute('SELECT 1')", UNDO, "Unknown Lossy"),
    "unknown operation": ("op.run_async(f)", UNDO, "Unknown Lossy"),
    "alter": ("op.alter_column('a', 'x', type_=sa.String(10))", UNDO, "Unknown Lossy"),
    "a name for a table": ("op.drop_table(name)", UNDO, "Unknown Lossy"),
    "condition": ("if x:\n        op.drop_index('i', 'a')", UNDO, "Unknown Lossy"),
    "returned": ("return op.drop_table('a')", UNDO, "Unknown Lossy"),
    "assigned": ("x = op.create_index('i', 'a', ['x'])", UNDO, "Unknown Lossy"),
    "own helper": ("helper()", UNDO, "Unknown Lossy"),
    "certainly removed": ("op.drop_table('a')\n    helper()", UNDO, "Destructive Lossy"),
    "unknown downgrade": ("op.create_index('i', 'a', ['x'])", "helper()", "Additive Lossy"),
    "helpers": ("create_table('a')\n    add_columns('b', sa.Column('x'), sa.Column('y'))", "drop_columns('b', 'x', 'y')", "Additive Lossy"),
    "helper: index": ("create_index('a', 'i', ['x'])", "drop_index('a', 'i')", "Additive Present"),
}


def script(upgrade: str, downgrade: str, imports: str = "") -> bytes:
    text = "import sqlalchemy as sa\nfrom alembic import op\n"
    text += "from superset.migrations.shared.utils import add_columns, create_index, create_table, drop_columns, drop_index\n"
    text += imports + (f"def upgrade():\n    {upgrade}\n" if upgrade else "")
    return f"{text}def downgrade():\n    {downgrade}\n".encode()


@pytest.mark.parametrize("name", CASES)
def test_rules(name: str) -> None:
    upgrade, downgrade, want = CASES[name]
    got = verdict("r", read(script(upgrade, downgrade)), set())
    assert f"{got.change} {got.downgrade}" == want, got.why
    assert not got.second_connection


@pytest.mark.parametrize("line", ["from superset import db\n", "import superset.models\n", "from .shared import x\n"])
def test_second_connection(line: str) -> None:
    """Unknown code that uses Superset's may open one. What is understood does not."""
    assert read(script("work()", "pass", line)).second_connection
    assert not read(script("op.drop_table('a')", "work()", line)).second_connection


def test_helpers_of_others() -> None:
    """A function of the same name from elsewhere is not the helper."""
    text = script("drop_index('a', 'i')", "pass").replace(b".shared.utils", b".other")
    assert verdict("r", read(text), set()).change == "Unknown"


def test_new_tables() -> None:
    """A change of a table that an earlier pending revision creates is additive."""
    new: set[str] = set()
    verdict("1", read(script("op.create_table('a')", "pass")), new)
    assert verdict("2", read(script("op.drop_column('a', 'x')", "pass")), new).change == "Additive"
    assert verdict("3", read(script("op.drop_column('b', 'x')", "pass")), new).change == "Destructive"


def test_path() -> None:
    texts = ["pass", "op.drop_table('a')", "work()", "op.execute('UPDATE a SET x = 1')"]
    verdicts = [verdict(text, read(script(text, "pass", "import superset\n")), set()) for text in texts]
    assert path_of(verdicts, True) == {
        **{"additive": 1, "dataChanging": 1, "destructive": 1, "unknown": 1},
        **{"downgradeEmpty": 3, "downgradeLossy": 0, "secondConnection": ["work()"]},
    }
    assert "unknown" not in path_of(verdicts[:2], False)
