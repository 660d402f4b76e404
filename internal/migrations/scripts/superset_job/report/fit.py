# SPDX-License-Identifier: Apache-2.0
"""Makes a result fit into its termination message: the kubelet would cut it in the middle, and
the rest is no JSON."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

# The lists that lose entries at their ends, in this order, by place, and how many entries they
# keep: that a list of the first two is not empty decides what the operator does.
_LISTS = (
    (("path", "secondConnection"), 1),
    (("backup", "kept"), 1),
    (("rehearsal", "excluded"), 0),
    (("sessions",), 0),
    (("workers",), 0),
    (("unknownSettings",), 0),
    (("init",), 0),
)
# Texts that are shortened before the message, in this order.
_TEXTS = (
    ("rehearsal", "rollingReason"),
    ("rehearsal", "downgradeReason"),
    ("beat",),
    ("versionNote",),
    ("pooler",),
    ("webWhy",),
    ("backupNote",),
    ("roles",),
)
# What a message has at least, if something else can be left out instead.
_MESSAGE_CHARACTERS = 160
_NEEDED = ("script", "reason", "packages")


def shorten(text: str, limit: int) -> str:
    """The text on one line, cut to limit characters with an ellipsis."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def fit(line: dict[str, Any], limit: int) -> bytes:
    """The line's JSON of at most limit bytes. If it is too long, lists lose entries, then the
    details of checks are left out, those of passed ones first, then texts are shortened, the
    message last. Script, reason and packages are always whole."""
    smaller = copy.deepcopy(line)
    for _ in _steps(smaller):
        if len(encoded := _dump(smaller)) <= limit:
            return encoded
    return _dump({key: line[key] for key in _NEEDED if key in line})


def _steps(line: dict[str, Any]) -> Iterator[None]:
    """Makes the line smaller at each step."""
    yield
    for place, least in _LISTS:
        some = _at(line, place) or []
        while len(some) > least:
            del some[-max(1, len(some) // 64) :]
            yield
    while charts := line.get("charts"):
        line["charts"] = charts.rpartition(",")[0]
        yield
    for ok in (True, False):
        for check in reversed([check for check in line.get("checks", []) if check["ok"] is ok]):
            check["detail"] = ""
            yield
    for place in _TEXTS:
        yield from _shorter(_at(line, place[:-1]), place[-1], 0)
    yield from _shorter(line, "message", _MESSAGE_CHARACTERS)
    for ok in (True, False):
        for check in reversed([check for check in line.get("checks", []) if check["ok"] is ok]):
            line["checks"].remove(check)
            yield
    yield from _shorter(line, "message", 0)
    for key in [key for key in reversed(line) if key not in _NEEDED]:
        del line[key]
        yield


def _shorter(values: Any, key: str, least: int) -> Iterator[None]:
    """Shortens a text in steps, to at least that many characters; for 0 it may be left out."""
    while values and len(values.get(key) or "") > least:
        length = max(least, len(values[key]) - 16)
        if length:
            values[key] = shorten(values[key], length)
        else:
            del values[key]
        yield


def _at(line: dict[str, Any], place: tuple[str, ...]) -> Any:
    """The value at that place; None if there is none."""
    value: Any = line
    for key in place:
        value = value.get(key) if value else None
    return value


def _dump(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
