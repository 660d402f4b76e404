# SPDX-License-Identifier: Apache-2.0
"""The operations of alembic and Superset's helpers around them: the meaning of their
arguments, by name."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from interpret.effects import Step
from interpret.scope import Scope

# The operations of a batch have no table argument.
_ARGUMENTS = {
    "create_table": "table",
    "drop_table": "table",
    "rename_table": "table new",
    "add_column": "table definition",
    "drop_column": "table column",
    "alter_column": "table column",
    "create_index": "name table columns",
    "drop_index": "name table",
    "create_unique_constraint": "name table columns",
    "create_check_constraint": "name table condition",
    "create_primary_key": "name table columns",
    "create_foreign_key": "name table referent columns",
    "drop_constraint": "name table",
    "bulk_insert": "table",
}
# Superset's helpers: the operation that each of them runs, and its arguments. The last
# argument may be repeated if it is in brackets.
HELPERS = {
    "create_table": ("create_table", "table"),
    "drop_table": ("drop_table", "table"),
    "add_columns": ("add_column", "table [definition]"),
    "drop_columns": ("drop_column", "table [column]"),
    "create_index": ("create_index", "table name columns"),
    "drop_index": ("drop_index", "table name"),
    "create_fks_for_table": ("create_foreign_key", "name table referent columns"),
    "drop_fks_for_table": ("drop_constraint", "table"),
    "create_unique_constraint": ("create_unique_constraint", "op name table columns"),
    "drop_unique_constraint": ("drop_constraint", "op name table"),
    "cast_text_column_to_json": ("cast_text_column_to_json", "table column"),
    "cast_json_column_to_text": ("cast_json_column_to_text", "table column"),
}
_SYNONYMS = {
    "table_name": "table",
    "source_table": "table",
    "old_table_name": "table",
    "column_name": "column",
    "local_cols": "columns",
    "uix_columns": "columns",
}


@dataclass(frozen=True)
class Operation:
    """A call: of op, of a batch with its table, or of a helper."""

    name: str
    home: str
    table: str | None


def is_operation(operation: Operation) -> bool:
    return operation.name in (HELPERS if operation.home == "helper" else _ARGUMENTS)


def step_of(operation: Operation, node: ast.Call, scope: Scope) -> list[Step]:
    """The steps of a call: one, or one for each column."""
    kind, names = operation.name, _ARGUMENTS.get(operation.name, "")
    if operation.home == "helper":
        kind, names = HELPERS[operation.name]
    order = [name for name in names.split() if operation.table is None or name != "table"]
    many = order.pop().strip("[]") if order and order[-1].startswith("[") else ""
    given, options = dict(zip(order, node.args, strict=False)), {}  # type: dict[str, ast.expr], dict[str, ast.expr]
    for keyword in node.keywords:
        name = _SYNONYMS.get(keyword.arg or "", keyword.arg or "**")
        (given if name in order else options)[name] = keyword.value
    table = operation.table or scope.text(given.get("table"))
    if not many:
        return [_step(kind, table, given, options, scope)]
    return [_step(kind, table, {many: column}, options, scope) for column in node.args[len(order) :]]


def _step(kind: str, table: str, given: dict[str, ast.expr], options: dict[str, ast.expr], scope: Scope) -> Step:
    step = Step(kind, table, scope.text(given.get("column")), options=options)
    if "definition" in given:
        step.definition = scope.resolved(given["definition"])
        if isinstance(step.definition, ast.Call):
            names = [*step.definition.args, *(k.value for k in step.definition.keywords if k.arg == "name")]
            step.column = scope.text(names[0] if names else None)
    if "columns" in given:
        step.columns = tuple(scope.strings(given["columns"]))
    return step
