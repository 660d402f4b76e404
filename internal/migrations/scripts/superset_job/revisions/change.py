# SPDX-License-Identifier: Apache-2.0
"""What a revision does to stored data, and to a previous version that uses the schema.

Additive: the previous version is not affected. DataChanging: stored data is changed, or the
database rejects or accepts other values than before; it may fail on existing data.
Destructive: something that the previous version reads or writes is removed or rejected.
Unknown: it is not a revision of an official release, and its script is not understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

# Classes by their rank. What is certainly removed is worse than what is not understood.
CLASSES = ("Additive", "DataChanging", "Unknown", "Destructive")
ADDITIVE, DATA, UNKNOWN, DESTRUCTIVE = range(len(CLASSES))


class Effect(NamedTuple):
    """One effect with its class. If table is new for the previous version, it has no effect."""

    rank: int
    text: str
    table: str = ""
    creates: bool = False


class Summary(NamedTuple):
    """The most serious class of some effects, a short description of those of that class, and
    whether rows are rewritten."""

    rank: int
    why: str
    rewrites: bool


class Change(NamedTuple):
    """The effects of an upgrade in their order, those of its downgrade (None if it does nothing),
    and whether the upgrade may open a second connection to the database."""

    up: tuple[Effect, ...]
    down: Summary | None
    second_connection: bool


def summary(effects: Iterable[Effect], new_tables: set[str]) -> Summary | None:
    """The summary of effects; None if there are none. Adds the tables that they create to those
    that are new for the previous version."""
    found: dict[str, int] = {}
    for effect in effects:
        if effect.creates:
            new_tables.add(effect.table)
        elif effect.table in new_tables:
            effect = Effect(ADDITIVE, f"completes the new table {effect.table}")
        found.setdefault(effect.text, effect.rank)
    if not found:
        return None
    worst = max(found.values())
    first, *more = (text for text, rank in found.items() if rank == worst)
    rewrites = any(text.startswith("rewrites") for text in found)
    return Summary(worst, f"{first} and {len(more)} more" if more else first, rewrites)
