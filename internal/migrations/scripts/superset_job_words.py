# SPDX-License-Identifier: Apache-2.0
"""The difference of one object of a database from what it was, as a user reads it."""

from __future__ import annotations


def gone(table: str, kind: str, name: str) -> str:
    return f"{_what(table, kind, name)} is gone"


def left_over(table: str, kind: str, name: str) -> str:
    return f"{_what(table, kind, name)} is left over"


def changed(table: str, kind: str, name: str, before: str, after: str) -> str:
    """Of two definitions, in the server's words, what the later one has lost or gained
    at its end where that is all."""
    what = _what(table, kind, name)
    if kind == "function" or kind == "view":
        return f"{what} is another one"
    if before.startswith(f"{after} "):
        return f"{what} lost {before[len(after) :].strip()}"
    if after.startswith(f"{before} "):
        return f"{what} gained {after[len(before) :].strip()}"
    return f"{what} is {after} instead of {before}"


def _what(table: str, kind: str, name: str) -> str:
    if kind == "table":
        return f"table {table}"
    return f"table {table}: {kind} {name}" if table else f"{kind} {name}"
