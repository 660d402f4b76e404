# SPDX-License-Identifier: Apache-2.0
"""The state of a PostgreSQL schema in a comparable form, and the differences between two
states as text.

The order of columns, comments, grants and the values of sequences are ignored. The rows of
each table are counted. For each column there is a sum over the hashes of its values
together with the key of their row: it does not depend on the order of rows, and it shows
which column has different values.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from superset_job.copies.difference import changed, left_over, missing

_SCHEMA = "quote_ident(current_schema())::regnamespace"
_MINE = f"""
c.relnamespace = {_SCHEMA} AND NOT EXISTS (
  SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
# Each query returns table (empty for none), kind, name and definition.
_OBJECTS = (
    f"""SELECT c.relname, 'table', '', '' FROM pg_class c WHERE c.relkind IN ('r', 'p') AND {_MINE}""",
    f"""SELECT c.relname, 'column', a.attname, format_type(a.atttypid, a.atttypmod)
      || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
      || COALESCE(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE c.relkind IN ('r', 'p') AND {_MINE}""",
    f"""SELECT c.relname, CASE k.contype WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key'
      WHEN 'u' THEN 'unique constraint' ELSE 'constraint' END, k.conname, pg_get_constraintdef(k.oid)
      FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype <> 'n'
      WHERE c.relkind IN ('r', 'p') AND {_MINE}""",
    f"""SELECT c.relname, 'index', i.relname, pg_get_indexdef(i.oid)
      FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
      WHERE c.relkind IN ('r', 'p') AND {_MINE}
      AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))""",
    f"""SELECT c.relname, 'trigger', t.tgname, pg_get_triggerdef(t.oid)
      FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal WHERE {_MINE}""",
    f"""SELECT '', 'view', c.relname, pg_get_viewdef(c.oid) FROM pg_class c WHERE c.relkind IN ('v', 'm') AND {_MINE}""",
    f"""SELECT '', 'sequence', c.relname, '' FROM pg_class c WHERE c.relkind = 'S' AND {_MINE}""",
    f"""SELECT '', 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p
      WHERE p.pronamespace = {_SCHEMA} AND p.prokind <> 'a' AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')""",
    f"""SELECT '', 'type', t.typname, (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)
      FROM pg_enum e WHERE e.enumtypid = t.oid) FROM pg_type t WHERE t.typnamespace = {_SCHEMA} AND t.typtype = 'e'""",
)
_KEYS = f"""
SELECT c.relname, a.attname FROM pg_class c
JOIN pg_index x ON x.indrelid = c.oid AND x.indisprimary
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (x.indkey)
WHERE c.relkind IN ('r', 'p') AND {_MINE} ORDER BY 1, 2
"""

# Table, kind and name.
Key = tuple[str, str, str]
# Used instead of a column's name for a sum over whole rows.
_ALL = ""


@dataclass
class State:
    """objects are the definitions; keys the columns of each primary key; counts the number
    of rows of each table; sums the checksums of its columns."""

    objects: dict[Key, str] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    sums: dict[str, dict[str, str]] = field(default_factory=dict)

    def columns(self, table: str) -> list[str]:
        return sorted(name for at, kind, name in self.objects if at == table and kind == "column")


def read_state(connection: Connection, before: State | None = None) -> State:
    """The current state of the schema. For a table that exists in before, checksums are made
    of the common columns only, with the primary key of before."""
    state = State()
    for query in _OBJECTS:
        for table, kind, name, definition in connection.exec_driver_sql(query.replace("%", "%%")):
            state.objects[table, kind, name] = definition or ""
    for table, column in connection.exec_driver_sql(_KEYS):
        state.keys.setdefault(table, []).append(column)
    for table in sorted(at for at, kind, _ in state.objects if kind == "table"):
        known = before is not None and table in before.counts
        columns, key = state.columns(table), state.keys.get(table, [])
        if known and before:
            columns = [name for name in before.columns(table) if name in columns]
            key = before.keys.get(table, [])
        if set(key) <= set(columns):
            _sum_up(connection, state, table, columns, key)
    return state


def _sum_up(connection: Connection, state: State, table: str, columns: list[str], key: list[str]) -> None:
    """Counts the rows of a table and computes the checksums, in one scan."""
    # Without a key only whole rows show which values belong together.
    names = [*columns, _ALL] if not key and columns else columns
    values = [
        f"sum(hashtextextended(ROW({', '.join(map(_identifier, columns if name == _ALL else [*key, name]))})::text, 0)::numeric)::text"
        for name in names
    ]
    query = f"SELECT {', '.join(['count(*)', *values])} FROM {_identifier(table)}"
    count, *sums = connection.exec_driver_sql(query.replace("%", "%%")).one()
    state.counts[table] = count
    state.sums[table] = dict(zip(names, [some or "" for some in sums], strict=True))


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def differences(before: State, after: State) -> tuple[list[str], list[str]]:
    """The differences as text: those of rows, and those of the schema, lost objects first."""
    rows: list[str] = []
    for table, count in before.counts.items():
        if table not in after.counts:
            continue  # reported as a difference of the schema
        if after.counts[table] != count:
            rows.append(f"table {table}: {count} rows before, {after.counts[table]} after")
            continue
        other = [name for name, value in after.sums[table].items() if before.sums[table].get(name, value) != value]
        if other == [_ALL]:
            if len(after.sums[table]) == len(before.sums[table]):  # else a missing column is reported
                rows.append(f"table {table}: the same values are in different rows than before")
        elif other:
            other = [name for name in other if name != _ALL]
            more = f" (and {len(other) - 1} more columns)" if other[1:] else ""
            rows.append(f"table {table}: values of the column {other[0]}{more} changed")
    lost = [missing(*key) for key in before.objects if key not in after.objects and not _with_table(key, after)]
    other = [
        changed(*key, before.objects[key], after.objects[key])
        for key in before.objects
        if key in after.objects and before.objects[key] != after.objects[key]
    ]
    new = [left_over(*key) for key in after.objects if key not in before.objects and not _with_table(key, before)]
    return rows, [*lost, *other, *new]


def _with_table(key: Key, other: State) -> bool:
    """Whether the object belongs to a table that the other state does not have at all."""
    table, kind, _ = key
    return bool(table) and kind != "table" and (table, "table", "") not in other.objects
