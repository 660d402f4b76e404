# SPDX-License-Identifier: Apache-2.0
"""The effects of a migration's operations."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from interpret.types import holds
from superset_job.revisions.change import ADDITIVE, DATA, DESTRUCTIVE, Effect
from superset_job.revisions.sql import effects_of_sql

NOT_CLASSIFIED = "not classified by static analysis"


@dataclass
class Step:
    """One operation. A name that is not known is "?"."""

    kind: str
    table: str = "?"
    column: str = "?"
    columns: tuple[str, ...] = ()
    # The definition of a new column.
    definition: ast.expr | None = None
    options: dict[str, ast.expr] = field(default_factory=dict)

    @property
    def where(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass
class Effects:
    """The effects of one function, for tables that existed before. The tables that it creates
    itself are new: the previous version does not use them."""

    # The type to which the downgrade changes each column: its type before the upgrade.
    types_before: dict[tuple[str, str], ast.expr] = field(default_factory=dict)
    effects: dict[Effect, None] = field(default_factory=dict)  # in order
    new_tables: set[str] = field(default_factory=set)
    new_columns: set[tuple[str, str]] = field(default_factory=set)
    new_types: dict[tuple[str, str], ast.expr] = field(default_factory=dict)
    second_connection: bool = False

    @property
    def rewrites(self) -> bool:
        return any(effect.text.startswith("rewrites") for effect in self.effects)

    def add(self, rank: int, text: str, table: str = "?") -> None:
        self.effects[Effect(rank, text, "" if table == "?" else table)] = None

    def unknown(self, table: str = "?") -> None:
        self.add(DATA, NOT_CLASSIFIED, table)

    def step(self, step: Step) -> None:
        rule = getattr(self, "_" + step.kind, None)
        if rule is None:
            self.unknown()
        elif step.kind != "create_table" and step.table in self.new_tables:
            self.add(ADDITIVE, f"completes the new table {step.table}", step.table)
        else:
            rule(step)

    def sql(self, text: str) -> None:
        for found in effects_of_sql(text):
            self.add(*found) if found else self.unknown()

    def _create_table(self, step: Step) -> None:
        if step.table == "?":
            self.add(ADDITIVE, "adds table ?")
            return
        self.new_tables.add(step.table)
        self.effects[Effect(ADDITIVE, f"adds table {step.table}", step.table, True)] = None

    def _drop_table(self, step: Step) -> None:
        self.add(DESTRUCTIVE, f"drops table {step.table}", step.table)

    def _rename_table(self, step: Step) -> None:
        self.add(DESTRUCTIVE, f"renames table {step.table}", step.table)

    def _add_column(self, step: Step) -> None:
        definition = step.definition
        if not isinstance(definition, ast.Call):
            self.unknown(step.table)
            return
        options = {k.arg: k.value for k in definition.keywords}
        self.new_columns.add((step.table, step.column))
        if _is(options.get("nullable"), False) and "server_default" not in options:
            self.add(DESTRUCTIVE, f"adds {step.where} without a default: inserts that do not name it fail", step.table)
        else:
            self.add(ADDITIVE, f"adds {step.where}", step.table)

    def _drop_column(self, step: Step) -> None:
        self.add(DESTRUCTIVE, f"drops {step.where}", step.table)

    def _alter_column(self, step: Step) -> None:
        known = {"existing_type", "existing_nullable", "existing_server_default", "nullable", "type_", "server_default"}
        options = step.options
        if "new_column_name" in options or "name" in options:
            self.add(DESTRUCTIVE, f"renames {step.where}", step.table)
        if "type_" in options:
            self._change_type(step)
        if "nullable" in options and not _is(options["nullable"], True):
            new = (step.table, step.column) in self.new_columns
            self.add(DESTRUCTIVE if new else DATA, f"forbids NULL in {step.where}", step.table)
        elif set(options) & {"nullable", "server_default"}:
            self.add(ADDITIVE, f"changes the default of {step.where} or allows NULL", step.table)
        if set(options) - known - {"new_column_name", "name", "existing_comment", "comment"}:
            self.unknown(step.table)

    def _change_type(self, step: Step) -> None:
        key, new = (step.table, step.column), step.options["type_"]
        self.new_types[key] = new
        fits = holds(new, step.options.get("existing_type"), self.types_before.get(key))
        if fits:
            self.add(ADDITIVE, f"widens {step.where}", step.table)
        elif fits is None:
            self.add(DATA, f"changes the type of {step.where}", step.table)
        else:
            self.add(DESTRUCTIVE, f"narrows {step.where}", step.table)

    def _create_index(self, step: Step) -> None:
        if step.options.get("unique") is not None and not _is(step.options["unique"], False):
            self._create_unique_constraint(step)
        else:
            self.add(ADDITIVE, f"adds an index of {step.table}", step.table)

    def _drop_index(self, step: Step) -> None:
        self.add(ADDITIVE, f"drops an index of {step.table}", step.table)

    def _create_unique_constraint(self, step: Step) -> None:
        self._constrain(step, "a unique constraint")

    def _create_foreign_key(self, step: Step) -> None:
        self._constrain(step, "a foreign key")

    def _create_check_constraint(self, step: Step) -> None:
        self._constrain(step, "a check")

    def _create_primary_key(self, step: Step) -> None:
        self._constrain(step, "a primary key")

    def _constrain(self, step: Step, what: str) -> None:
        new = bool(step.columns) and all((step.table, name) in self.new_columns for name in step.columns)
        self.add(ADDITIVE if new else DATA, f"adds {what} to {step.table}", step.table)

    def _drop_constraint(self, step: Step) -> None:
        self.add(DATA, f"drops a constraint of {step.table}", step.table)

    def _bulk_insert(self, step: Step) -> None:
        self.add(DATA, "rewrites rows by an insert", step.table)

    def _cast_text_column_to_json(self, step: Step) -> None:
        self.add(DESTRUCTIVE, f"makes {step.where} JSON: text that is not JSON is lost", step.table)

    def _cast_json_column_to_text(self, step: Step) -> None:
        self.add(DESTRUCTIVE, f"makes the JSON of {step.where} text, truncated if it is too long", step.table)


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
