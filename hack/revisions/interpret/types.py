# SPDX-License-Identifier: Apache-2.0
"""Whether a new column type can store all values of the old one."""

from __future__ import annotations

import ast

# Kind and size of each type: an unbounded VARCHAR has the size of a TEXT.
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
    """Whether the new type can store all values of each old type; None if static analysis
    cannot tell. If a type is conditional, both branches must fit."""
    after = _size(new)
    before = [one for old in olds if old is not None for branch in _branches(old) if (one := _size(branch))]
    if after is None or not before or any(kind != after[0] for kind, _ in before):
        return None
    return all(size <= after[1] for _, size in before)


def _branches(node: ast.expr) -> list[ast.expr]:
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]


def _size(node: ast.expr) -> tuple[str, int] | None:
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "with_variant":
        node = node.func.value
    call = node if isinstance(node, ast.Call) else None
    name = call.func if call else node
    base = name.attr if isinstance(name, ast.Attribute) else name.id if isinstance(name, ast.Name) else ""
    if base not in _TYPES:
        return None
    kind, size = _TYPES[base]
    length = _length(call) if call and kind == "text" else None
    if length is None:
        return kind, size
    return (kind, length.value) if isinstance(length, ast.Constant) and isinstance(length.value, int) else None


def _length(call: ast.Call) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == "length":
            return keyword.value
    return call.args[0] if call.args else None
