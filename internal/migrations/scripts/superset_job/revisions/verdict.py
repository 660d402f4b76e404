# SPDX-License-Identifier: Apache-2.0
"""The class of each pending revision, by static analysis. It is an estimate that errs on the
safe side; only running the migration on a copy proves anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from superset_job.report import describe, log
from superset_job.revisions.change import ADDITIVE, CLASSES, DATA, DESTRUCTIVE, UNKNOWN, Change, Effect, Summary, summary
from superset_job.revisions.known import Known
from superset_job.revisions.reader import read

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
    """The verdicts of the pending revisions, in their order: of the table of official releases,
    or else by the text of the script. A table that one of them creates is unknown to the previous
    version, so later changes of it are additive."""
    new_tables: set[str] = set()
    known = Known()
    return [verdict(revision, known.change(revision, files[revision]) or _read(files[revision]), new_tables) for revision in pending]


def _read(file: Path) -> Change:
    try:
        return read(file.read_bytes())
    except Exception as error:  # unforeseen code: err on the safe side
        log(f"reading {file.name} failed: {describe(error)}")
        return Change((Effect(UNKNOWN, "its script cannot be read"),), None, True)


def verdict(revision: str, change: Change, new_tables: set[str]) -> Verdict:
    """The verdict of a change after revisions that have created new_tables. Adds its own."""
    up = summary(change.up, new_tables)
    downgrade, because = _downgrade(up, change.down)
    why = up.why if up else "does nothing"
    why = f"{why}; {because}" if because else why
    if len(why) > WHY_CHARACTERS:
        why = why[: WHY_CHARACTERS - 1] + "…"
    return Verdict(revision, CLASSES[up.rank if up else ADDITIVE], downgrade, why, change.second_connection)


def _downgrade(up: Summary | None, down: Summary | None) -> tuple[str, str]:
    """The class of the downgrade, and the reason if it is not Present."""
    if not up:
        return "Present", ""  # a merge of two branches has nothing to downgrade
    if not down:
        return "Empty", "its downgrade does nothing"
    if down.rank == DESTRUCTIVE:
        return "Lossy", f"its downgrade {down.why}"
    if up.rank == DESTRUCTIVE:
        return "Lossy", "its downgrade cannot bring that back"
    if UNKNOWN in (up.rank, down.rank):
        return "Lossy", "nothing is known about its downgrade"
    if up.rewrites and not down.rewrites:
        return "Lossy", "its downgrade leaves the rows as they are"
    return "Present", ""


def path_of(verdicts: list[Verdict], details: bool) -> dict[str, object]:
    """The path of the result: counts, and with details also the revisions that may open a second
    connection, in their order. The count of unknown revisions is left out if it is 0."""

    def count(rank: int) -> int:
        return sum(v.change == CLASSES[rank] for v in verdicts)

    path: dict[str, object] = {"additive": count(ADDITIVE), "dataChanging": count(DATA), "destructive": count(DESTRUCTIVE)}
    if unknown := count(UNKNOWN):
        path["unknown"] = unknown
    path["downgradeEmpty"] = sum(v.downgrade == "Empty" for v in verdicts)
    path["downgradeLossy"] = sum(v.downgrade == "Lossy" for v in verdicts)
    if details:
        path["secondConnection"] = [v.revision for v in verdicts if v.second_connection]
    return path
