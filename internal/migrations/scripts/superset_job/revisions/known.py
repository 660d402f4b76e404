# SPDX-License-Identifier: Apache-2.0
"""The revisions of official releases: known.json, which hack/revisions writes.

A revision is known by its name and its script. Whoever edits the script of an official release
has another revision.
"""

from __future__ import annotations

import hashlib
import json
import pkgutil
from pathlib import Path
from typing import Any

from superset_job.revisions.change import Change, Effect, Summary

_DIGEST_CHARACTERS = 8


class Known:
    """The table, which is read once."""

    def __init__(self) -> None:
        text = pkgutil.get_data("superset_job.revisions", "known.json")
        assert text is not None
        self._rows: dict[str, list[list[Any]]] = json.loads(text)

    def change(self, revision: str, file: Path) -> Change | None:
        """What a revision with this script changes; None if no official release has it."""
        digest = digest_of(file)
        return next((decoded(row) for row in self._rows.get(revision, []) if digest in row[0].split()), None)


def digest_of(file: Path) -> str:
    """Identifies the text of a script."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:_DIGEST_CHARACTERS]


def encoded(change: Change, digests: list[str]) -> list[Any]:
    """The row of a change whose script has one of these digests."""
    effects = [list(e) if e.creates else [e.rank, e.text, e.table] if e.table else [e.rank, e.text] for e in change.up]
    return [" ".join(digests), effects, change.down and list(change.down), change.second_connection]


def decoded(row: list[Any]) -> Change:
    """The change of a row."""
    _, effects, down, second_connection = row
    return Change(tuple(Effect(*effect) for effect in effects), Summary(*down) if down else None, second_connection)
