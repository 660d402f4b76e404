# SPDX-License-Identifier: Apache-2.0
"""What a migration script does, as far as its calls of op.* with literal arguments show. Every
other statement counts as unknown. The code is parsed, never imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from superset_job.revisions.change import ADDITIVE, DATA, DESTRUCTIVE, UNKNOWN, Change, Effect, summary
from superset_job.revisions.sql import effects_of_sql

# The helpers of Superset around operations that are understood, with the same meaning.
_HELPERS = "superset.migrations.shared.utils"
_HELPER_NAMES = ("create_table", "drop_table", "add_columns", "drop_columns", "create_index", "drop_index")
# The class of an operation, what it does to its table, and the place of the table in its arguments.
_OPERATIONS = {
    "create_table": (ADDITIVE, "adds table {}", 0),
    "drop_table": (DESTRUCTIVE, "drops table {}", 0),
    "rename_table": (DESTRUCTIVE, "renames table {}", 0),
    "drop_column": (DESTRUCTIVE, "drops a column of {}", 0),
    "create_index": (ADDITIVE, "adds an index of {}", 1),
    "drop_index": (ADDITIVE, "drops an index of {}", 1),
    "create_unique_constraint": (DATA, "adds a constraint to {}", 1),
    "create_check_constraint": (DATA, "adds a constraint to {}", 1),
    "create_foreign_key": (DATA, "adds a constraint to {}", 1),
    "create_primary_key": (DATA, "adds a constraint to {}", 1),
    "drop_constraint": (DATA, "drops a constraint of {}", 1),
}
_TABLES = ("table_name", "source_table", "old_table_name")


def read(text: bytes) -> Change:
    """The change of a script's text. Raises SyntaxError."""
    module = ast.parse(text)
    helpers, others = _imports(module)
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    up = tuple(_Reader(helpers).effects(functions.get("upgrade")))
    down = summary(_Reader(helpers).effects(functions.get("downgrade")), set())
    return Change(up, down, others and any(effect.rank == UNKNOWN for effect in up))


def _imports(module: ast.Module) -> tuple[set[str], bool]:
    """The names of understood helpers, and whether other code of Superset is imported, which may
    open a second connection."""
    helpers: set[str] = set()
    others = False
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            if node.module == _HELPERS:
                helpers |= {name.name for name in node.names if name.name in _HELPER_NAMES and not name.asname}
            else:
                others |= bool(node.level) or (node.module or "").split(".")[0] == "superset"
        elif isinstance(node, ast.Import):
            others |= any(name.name.split(".")[0] == "superset" for name in node.names)
    return helpers, others


class _Reader:
    """Reads one function."""

    def __init__(self, helpers: set[str]) -> None:
        self._helpers = helpers

    def effects(self, function: ast.FunctionDef | None) -> Iterator[Effect]:
        """The effects of a function's statements; unknown if there is none."""
        for node in function.body if function else [None]:
            if not _is_idle(node):
                yield from self._statement(node, {"op": ""})

    def _statement(self, node: ast.stmt | None, homes: dict[str, str]) -> Iterator[Effect]:
        """homes are the names whose methods are operations, with the table of a batch."""
        if isinstance(node, ast.With) and len(node.items) == 1:
            call, name = node.items[0].context_expr, node.items[0].optional_vars
            table = _table(call, 0) if isinstance(call, ast.Call) and ast.unparse(call.func) == "op.batch_alter_table" else ""
            if table and isinstance(name, ast.Name):
                for inner in node.body:
                    yield from self._statement(inner, {**homes, name.id: table})
                return
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield from self._call(node.value, homes)
            return
        yield _unknown(node)

    def _call(self, call: ast.Call, homes: dict[str, str]) -> Iterator[Effect]:
        on = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(call.func, ast.Attribute) and isinstance(on, ast.Name) and on.id in homes:
            name, batch = call.func.attr, homes[on.id]
            if name == "execute" and not batch:
                yield from _executed(call)
            elif name == "add_column":
                yield from _added(call, batch or _table(call, 0), call.args[0 if batch else 1 :])
            else:
                yield _effect(call, name, batch or _table(call, _OPERATIONS[name][2] if name in _OPERATIONS else 0))
        elif isinstance(call.func, ast.Name) and call.func.id in self._helpers:
            name = call.func.id
            if name == "add_columns":
                yield from _added(call, _table(call, 0), call.args[1:])
            else:
                yield _effect(call, name.removesuffix("s"), _table(call, 0))
        else:
            yield _unknown(call)


def _effect(call: ast.Call, name: str, table: str) -> Effect:
    if name not in _OPERATIONS or not table or any(keyword.arg is None for keyword in call.keywords):
        return _unknown(call)
    rank, text, _ = _OPERATIONS[name]
    unique = [keyword.value for keyword in call.keywords if keyword.arg == "unique"]
    if unique and not _is(unique[0], False):
        rank, text = DATA, "adds a unique index to {}"
    return Effect(rank, text.format(table), table, name == "create_table")


def _added(call: ast.Call, table: str, columns: list[ast.expr]) -> Iterator[Effect]:
    """The effects of new columns."""
    if not table or not columns or call.keywords:
        yield _unknown(call)
        return
    for column in columns:
        if not isinstance(column, ast.Call) or not ast.unparse(column.func).endswith("Column") or not column.args:
            yield _unknown(column)
            continue
        options = {keyword.arg: keyword.value for keyword in column.keywords}
        where = f"{table}.{_text(column.args[0]) or '?'}"
        if None in options or _is(options.get("primary_key"), True):
            yield _unknown(column)
        elif "nullable" in options and not _is(options["nullable"], True) and "server_default" not in options:
            yield Effect(DESTRUCTIVE, f"adds {where} without a default: inserts that do not name it fail", table)
        else:
            yield Effect(DATA if "unique" in options else ADDITIVE, f"adds {where}", table)


def _executed(call: ast.Call) -> Iterator[Effect]:
    node = call.args[0] if len(call.args) == 1 else None
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("text", "sa.text") and len(node.args) == 1:
        node = node.args[0]
    if not (statement := _text(node)):
        yield _unknown(call)
        return
    for found in effects_of_sql(statement):
        yield Effect(*found) if found else _unknown(call)


def _table(call: ast.Call, place: int) -> str:
    """The table of a call; empty if it is not a literal."""
    named = [keyword.value for keyword in call.keywords if keyword.arg in _TABLES]
    given = named or call.args[place : place + 1]
    return _text(given[0]) if given else ""


def _unknown(node: ast.AST | None) -> Effect:
    text = " ".join(ast.unparse(node).split()) if node else "no such function"
    return Effect(UNKNOWN, f"is not understood: {text[:40]}{'…' if len(text) > 40 else ''}")


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _is_idle(node: ast.stmt | None) -> bool:
    """Whether a statement does nothing."""
    if isinstance(node, ast.Return):
        return node.value is None
    return isinstance(node, ast.Pass) or isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
