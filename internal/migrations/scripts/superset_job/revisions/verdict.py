# SPDX-License-Identifier: Apache-2.0
"""The class of each pending revision, by static analysis. It is an estimate that errs on the
safe side; only running the migration on a copy proves anything."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from superset_job.report import describe, log
from superset_job.revisions.code import Code, Function, Module
from superset_job.revisions.effects import NOT_CLASSIFIED, Effects
from superset_job.revisions.scope import Scope
from superset_job.revisions.sql import ADDITIVE, DESTRUCTIVE
from superset_job.revisions.trace import Trace

CLASSES = ("Additive", "DataChanging", "Destructive")
WHY_CHARACTERS = 160


@dataclass(frozen=True)
class Verdict:
    """The class of one revision, that of its downgrade, and a short reason."""

    revision: str
    change: str
    downgrade: str  # Present, Empty or Lossy
    why: str
    second_connection: bool


def judge(files: dict[str, Path], pending: list[str]) -> list[Verdict]:
    """The verdicts of the pending revisions, in their order. A table that one of them creates
    is unknown to the previous version, so later changes of it are additive."""
    new_tables: set[str] = set()
    verdicts: list[Verdict] = []
    code = Code(next(iter(files.values())).parent.parent)
    for revision in pending:
        try:
            verdicts.append(_judge(code, revision, files[revision], new_tables))
        except Exception as error:  # unforeseen code: err on the safe side
            log(f"static analysis of revision {revision} failed: {describe(error)}")
            verdicts.append(Verdict(revision, "DataChanging", "Empty", NOT_CLASSIFIED, True))
    return verdicts


def _judge(code: Code, revision: str, file: Path, new_tables: set[str]) -> Verdict:
    module = code.module(file)
    down = _effects(code, module, "downgrade", Effects())
    up = _effects(code, module, "upgrade", Effects(new_tables, down.new_types))
    downgrade, because = _downgrade(up, down)
    why = f"{up.why()}; {because}" if because else up.why() or "does nothing"
    if len(why) > WHY_CHARACTERS:
        why = why[: WHY_CHARACTERS - 1] + "…"
    return Verdict(revision, CLASSES[up.worst], downgrade, why, up.second_connection)


def _effects(code: Code, module: Module, name: str, effects: Effects) -> Effects:
    node = module.functions.get(name)
    if node is not None:
        Trace(code, effects).follow(Function(module, node), Scope(module))
    elif name in module.values or name in module.imports or name == "upgrade":
        meaning = code.resolve(module, ast.Name(name))
        if isinstance(meaning, Function):
            Trace(code, effects).follow(meaning, Scope(meaning.module))
        else:
            effects.unknown()
    if name == "upgrade" and not effects.found and not (node is not None and _idle(node)):
        effects.unknown()
    return effects


def _idle(node: ast.FunctionDef) -> bool:
    """Whether a function's body has only a docstring, pass and return."""
    return all(
        isinstance(one, (ast.Pass, ast.Return)) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)) for one in node.body
    )


def _downgrade(up: Effects, down: Effects) -> tuple[str, str]:
    """The class of the downgrade, and the reason if it is not Present."""
    if not up.found:
        return "Present", ""  # a merge of two branches has nothing to downgrade
    if not down.found:
        return "Empty", "its downgrade does nothing"
    if down.worst == DESTRUCTIVE:
        return "Lossy", f"its downgrade {down.why()}"
    if up.worst == DESTRUCTIVE:
        return "Lossy", "its downgrade cannot bring that back"
    if up.rewrites and not down.rewrites:
        return "Lossy", "its downgrade leaves the rows as they are"
    return "Present", ""


def path_of(verdicts: list[Verdict], details: bool) -> dict[str, object]:
    """The path of the result: counts, and with details also the revisions that open a second
    connection, in their order."""
    path: dict[str, object] = {
        "additive": sum(v.change == CLASSES[ADDITIVE] for v in verdicts),
        "dataChanging": sum(v.change == "DataChanging" for v in verdicts),
        "destructive": sum(v.change == CLASSES[DESTRUCTIVE] for v in verdicts),
        "downgradeEmpty": sum(v.downgrade == "Empty" for v in verdicts),
        "downgradeLossy": sum(v.downgrade == "Lossy" for v in verdicts),
    }
    if details:
        path["secondConnection"] = [v.revision for v in verdicts if v.second_connection]
    return path
