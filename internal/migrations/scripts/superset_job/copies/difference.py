# SPDX-License-Identifier: Apache-2.0
"""Texts that describe how one database object differs from what it was before."""

from __future__ import annotations


def missing(table: str, kind: str, name: str) -> str:
    return f"{_what(table, kind, name)} is missing"


def left_over(table: str, kind: str, name: str) -> str:
    return f"{_what(table, kind, name)} is left over"


def changed(table: str, kind: str, name: str, before: str, after: str) -> str:
    """Compares two definitions as the server prints them. If the only difference is a
    suffix, the text names just what was lost or gained."""
    what = _what(table, kind, name)
    if kind == "function" or kind == "view":
        return f"{what} has a different definition"
    if before.startswith(f"{after} "):
        return f"{what} lost {before[len(after) :].strip()}"
    if after.startswith(f"{before} "):
        return f"{what} gained {after[len(before) :].strip()}"
    return f"{what} is {after} instead of {before}"


def _what(table: str, kind: str, name: str) -> str:
    if kind == "table":
        return f"table {table}"
    return f"table {table}: {kind} {name}" if table else f"{kind} {name}"
