# SPDX-License-Identifier: Apache-2.0
"""What each migration on the way does, by its text: a guess, and called one. Only
running it on a copy proves anything; a class errs on the safe side."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from superset_job import describe, log
from superset_job_code import Code, Function, Module
from superset_job_effects import NOT_UNDERSTOOD, Effects
from superset_job_scope import Scope
from superset_job_sql import ADDITIVE, DESTRUCTIVE
from superset_job_trace import Trace

CLASSES = ("Additive", "DataChanging", "Destructive")
WHY_CHARACTERS = 160


@dataclass(frozen=True)
class Verdict:
    """One revision: its class, its way back, and why in a few words."""

    revision: str
    change: str
    downgrade: str  # Present, Empty or Lossy
    why: str
    second_connection: bool

    @property
    def risky(self) -> bool:
        return self.change != "Additive" or self.downgrade != "Present" or self.second_connection

    @property
    def seriousness(self) -> tuple[int, bool, int]:
        return CLASSES.index(self.change), self.second_connection, ("Present", "Lossy", "Empty").index(self.downgrade)


def judge(files: dict[str, Path], way: list[str]) -> list[Verdict]:
    """The verdicts of the revisions on the way, in its order. What one of them
    creates is new to the version before, also for those after it."""
    new_tables: set[str] = set()
    verdicts: list[Verdict] = []
    code = Code(next(iter(files.values())).parent.parent)
    for revision in way:
        try:
            verdicts.append(_judge(code, revision, files[revision], new_tables))
        except Exception as error:  # text that nobody thought of: the worst that it can be
            log(f"the text of revision {revision} is not understood: {describe(error)}")
            verdicts.append(Verdict(revision, "DataChanging", "Empty", NOT_UNDERSTOOD, True))
    return verdicts


def _judge(code: Code, revision: str, file: Path, new_tables: set[str]) -> Verdict:
    module = code.module(file)
    down = _effects(code, module, "downgrade", Effects())
    up = _effects(code, module, "upgrade", Effects(new_tables, down.new_types))
    way_back, because = _way_back(up, down)
    why = f"{up.why()}; {because}" if because else up.why() or "does nothing"
    if len(why) > WHY_CHARACTERS:
        why = why[: WHY_CHARACTERS - 1] + "…"
    return Verdict(revision, CLASSES[up.worst], way_back, why, up.second_connection)


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
    """Whether a function's body has nothing but a docstring, pass and return."""
    return all(
        isinstance(one, (ast.Pass, ast.Return))
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in node.body
    )


def _way_back(up: Effects, down: Effects) -> tuple[str, str]:
    """The downgrade's class, and why where it is not Present."""
    if not up.found:
        return "Present", ""  # a merge of two branches has nothing to take back
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
    """The result's path: counts, and with details the risky ones, the most serious
    first."""
    path: dict[str, object] = {
        "additive": sum(v.change == CLASSES[ADDITIVE] for v in verdicts),
        "dataChanging": sum(v.change == "DataChanging" for v in verdicts),
        "destructive": sum(v.change == CLASSES[DESTRUCTIVE] for v in verdicts),
        "downgradeEmpty": sum(v.downgrade == "Empty" for v in verdicts),
        "downgradeLossy": sum(v.downgrade == "Lossy" for v in verdicts),
    }
    if details:
        risky = sorted((v for v in verdicts if v.risky), key=lambda v: v.seriousness, reverse=True)
        path["risky"] = [  # before the other list: the result cuts it first
            {"revision": v.revision, "class": v.change, "downgrade": v.downgrade, "why": v.why} for v in risky
        ]
        path["secondConnection"] = [v.revision for v in verdicts if v.second_connection]
    return path
