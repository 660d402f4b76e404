# SPDX-License-Identifier: Apache-2.0
"""Which change of a column's type holds all that the old one held."""

from __future__ import annotations

import ast

# Kind and room of each type: an unbounded VARCHAR has that of a TEXT.
_TYPES = {
    "String": ("text", 65535),
    "Unicode": ("text", 65535),
    "VARCHAR": ("text", 65535),
    "NVARCHAR": ("text", 65535),
    "Text": ("text", 65535),
    "UnicodeText": ("text", 65535),
    "TEXT": ("text", 65535),
    "MediumText": ("text", 1 << 24),
    "MEDIUMTEXT": ("text", 1 << 24),
    "LongText": ("text", 1 << 32),
    "LONGTEXT": ("text", 1 << 32),
    "SmallInteger": ("integer", 2),
    "Integer": ("integer", 4),
    "INTEGER": ("integer", 4),
    "BigInteger": ("integer", 8),
    "BIGINT": ("integer", 8),
}


def holds(new: ast.expr, *olds: ast.expr | None) -> bool | None:
    """Whether the new type has room for all that each of the old ones had; None
    when the text does not tell. Of two branches the text may name one: both must fit."""
    room = _room(new)
    before = [one for old in olds if old is not None for branch in _branches(old) if (one := _room(branch))]
    if room is None or not before or any(kind != room[0] for kind, _ in before):
        return None
    return all(size <= room[1] for _, size in before)


def _branches(node: ast.expr) -> list[ast.expr]:
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]


def _room(node: ast.expr) -> tuple[str, int] | None:
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "with_variant":
        node = node.func.value
    call = node if isinstance(node, ast.Call) else None
    name = call.func if call else node
    word = name.attr if isinstance(name, ast.Attribute) else name.id if isinstance(name, ast.Name) else ""
    if word not in _TYPES:
        return None
    kind, size = _TYPES[word]
    length = _length(call) if call and kind == "text" else None
    if length is None:
        return kind, size
    return (kind, length.value) if isinstance(length, ast.Constant) and isinstance(length.value, int) else None


def _length(call: ast.Call) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == "length":
            return keyword.value
    return call.args[0] if call.args else None
