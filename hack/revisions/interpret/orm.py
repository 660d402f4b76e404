# SPDX-License-Identifier: Apache-2.0
"""What a migration does besides alembic's operations: use of ORM sessions, statements of
SQLAlchemy, and calls of Superset's code, which may open a second connection."""

from __future__ import annotations

import ast

from interpret.code import Code, Foreign
from interpret.effects import Effects
from interpret.scope import Scope, call_of
from superset_job.revisions.change import ADDITIVE, DATA, DESTRUCTIVE

# Functions of SQLAlchemy that create statements.
STATEMENTS = ("select", "update", "insert", "delete", "query", "insert_from_select")

_CONNECTIONS = ("op", "bind", "conn", "connection", "session")
# Methods that write, for any object.
_WRITES = (
    *("commit", "flush", "add_all", "merge", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"),
    *("insert_from_select", "from_select"),
)
# Methods of Superset's models and of SQLAlchemy that open another connection, to the metadata
# database or to an analytics database.
_CONNECTS = (
    *("get_sqla_engine", "get_sqla_engine_with_context", "get_inspector", "get_raw_connection", "get_df"),
    *("get_default_catalog", "get_default_schema", "get_all_catalog_names", "get_all_schema_names"),
    *("get_all_table_names_in_schema", "get_all_view_names_in_schema", "create_engine", "get_engine"),
)
# Methods of the security manager that only build names.
_NAMES = ("get_catalog_perm", "get_schema_perm", "get_dataset_perm", "get_database_perm")
# Modules outside the migrations whose functions that migrations use open no connection.
_HARMLESS = (
    *("superset.utils", "superset.sql", "superset.legacy", "superset.databases.utils", "superset.db_engine_specs"),
    *("superset.extensions.encrypted_field_factory", "superset.connectors.sqla.utils", "superset.db."),
)


class OrmCalls:
    """Records the effects of single calls."""

    def __init__(self, code: Code, effects: Effects) -> None:
        self._code, self._effects = code, effects

    def call(self, node: ast.Call, scope: Scope, meaning: object, where: str) -> None:
        """Records a call that is neither an operation nor followed. where is the name of the
        helper function that contains it; empty for upgrade() or downgrade() itself."""
        name = call_of(node)
        if name in _CONNECTS or name in ("Session", "sessionmaker") and not (node.args or node.keywords):
            self._effects.second_connection = True
        if isinstance(meaning, Foreign) and meaning.name.startswith("superset."):
            self._foreign(node, meaning.name)
        if isinstance(node.func, ast.Attribute):
            self._method(node, node.func.value, scope, where)
        elif isinstance(meaning, Foreign) and meaning.name.startswith("sqlalchemy."):
            self._statement(name, node.args[0] if node.args else node, scope, where)
        elif meaning is None and _hands_connection(node):
            self._effects.unknown()

    def _method(self, node: ast.Call, on: ast.expr, scope: Scope, where: str) -> None:
        name = call_of(node)
        made_by_sqlalchemy = isinstance(self._code.resolve(scope.module, on), Foreign)
        if name in ("drop_all", "drop"):
            self._effects.add(DESTRUCTIVE, "drops the tables of its models")
        elif name in ("create_all", "create"):
            self._effects.add(ADDITIVE, "adds the tables of its models")
        elif name == "query":
            for model in node.args:
                table = self._code.table(scope.module, model.value if isinstance(model, ast.Attribute) else model)
                self._effects.add(DATA, f"rewrites rows of {table or 'a table'}")
        elif name in _WRITES or name == "add" and isinstance(on, ast.Name) and on.id in _CONNECTIONS:
            if not self._effects.rewrites:
                self._effects.add(DATA, "rewrites rows")
        elif name == "delete" or name in ("insert", "update") and (made_by_sqlalchemy or not node.args):
            self._statement(name, node.args[0] if made_by_sqlalchemy and node.args else on, scope, where)
        elif not made_by_sqlalchemy and _hands_connection(node):
            self._effects.unknown()

    def _statement(self, name: str, target: ast.expr, scope: Scope, where: str) -> None:
        if name not in ("insert", "update", "delete"):
            return
        table = scope.table(target)
        rows = f"rows of {table}" if table != "?" else f"rows in {where}" if where else "rows"
        if table in self._effects.new_tables:
            self._effects.add(ADDITIVE, f"completes the new table {table}", table)
        elif name == "delete":
            self._effects.add(DESTRUCTIVE, f"deletes {rows}", table)
        else:
            self._effects.add(DATA, f"rewrites {rows}", table)

    def _foreign(self, node: ast.Call, name: str) -> None:
        last = name.rpartition(".")[2]
        if name.startswith(_HARMLESS):
            return
        if name.startswith("superset.security_manager."):
            self._effects.second_connection |= last not in _NAMES
            return
        self._effects.second_connection |= name.startswith(("superset.daos", "superset.commands"))
        if _hands_connection(node) or not last[:1].isupper():
            self._effects.unknown()


def _hands_connection(node: ast.Call) -> bool:
    return any(isinstance(part, ast.Name) and part.id in _CONNECTIONS for part in node.args)
