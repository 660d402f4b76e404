# SPDX-License-Identifier: Apache-2.0
"""Writes the table of the revisions of official releases: write.py FILE FOLDER...

Each folder has the folder superset/migrations of a release. The newest release is the last.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from interpret import Interpreter
from superset_job.revisions.change import CLASSES, Change
from superset_job.revisions.graph import Graph, read_graph
from superset_job.revisions.known import digest_of, encoded
from superset_job.revisions.reader import read
from superset_job.revisions.verdict import verdict


def table(releases: list[Path]) -> dict[str, list[list[Any]]]:
    """The rows of each revision, one for each different change, in the order of the upgrade."""
    changes: dict[str, dict[Change, list[str]]] = {}
    seen: dict[tuple[str, str], tuple[Path, Change]] = {}
    for release in releases:
        folder = release / "superset" / "migrations"
        graph, interpreter = read_graph(folder / "versions"), Interpreter(folder)
        _check_reader(graph, interpreter)
        for revision in graph.pending(None):
            file = graph.files[revision]
            change, digest = interpreter.change(file), digest_of(file)
            where, before = seen.setdefault((revision, digest), (release, change))
            if change != before:
                raise SystemExit(f"the same script of {revision} does something else in {where} and in {release}: {before}, {change}")
            digests = changes.setdefault(revision, {}).setdefault(change, [])
            if digest not in digests:
                digests.append(digest)
    return {revision: [encoded(change, digests) for change, digests in rows.items()] for revision, rows in changes.items()}


def _check_reader(graph: Graph, interpreter: Interpreter) -> None:
    """The reader of the Jobs, which sees less, must not take a revision for more harmless."""
    for revision in graph.pending(None):
        by_text, change = read(graph.files[revision].read_bytes()), interpreter.change(graph.files[revision])
        got, want = verdict(revision, by_text, set()), verdict(revision, change, set())
        milder = CLASSES.index(got.change) < CLASSES.index(want.change) and got.change != "Unknown"
        if milder or got.downgrade == "Present" != want.downgrade or want.second_connection and not got.second_connection:
            raise SystemExit(f"the reader takes {revision} for more harmless than it is: {got}, {want}")


def text_of(rows: dict[str, list[list[Any]]]) -> str:
    """The table as JSON, a revision a line."""
    lines = (f"{json.dumps(revision)}: {json.dumps(row, separators=(',', ':'))}" for revision, row in rows.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text_of(table([Path(name) for name in sys.argv[2:]])), encoding="utf-8")
