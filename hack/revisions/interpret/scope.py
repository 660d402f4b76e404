# SPDX-License-Identifier: Apache-2.0
"""What the names in one function of a migration refer to, as far as static analysis
can tell."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from interpret.code import Class, Module

# Limit for chains of names that refer to other names.
_DEPTH = 12


@dataclass(frozen=True)
class Batch:
    """The value of op.batch_alter_table."""

    table: str


@dataclass
class Scope:
    """The names of a function: arguments and local names, then those of its module."""

    module: Module = field(default_factory=Module)
    # The class that self and cls refer to.
    owner: Class | None = None
    names: dict[str, Batch | ast.expr] = field(default_factory=dict)

    def value(self, node: ast.expr) -> Batch | ast.expr:
        """The value to bind a name to."""
        named = self.names.get(node.id) if isinstance(node, ast.Name) else None
        return named if isinstance(named, Batch) else self.resolved(node)

    def bind(self, target: ast.expr, value: ast.expr) -> None:
        """Binds the names of an assignment, including
        table_name, column_name = "table.column".split(".")."""
        if isinstance(target, ast.Name):
            self.names[target.id] = self.value(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Call) and call_of(value) == "split":
            whole = value.func.value if isinstance(value.func, ast.Attribute) else value
            parts = self.text(whole).split(self.text(value.args[0]) if value.args else None)
            for name, part in zip(target.elts, parts, strict=False):
                if isinstance(name, ast.Name):
                    self.names[name.id] = ast.Constant(part)

    def resolved(self, node: ast.expr) -> ast.expr:
        """The expression that a name refers to."""
        for _ in range(_DEPTH):
            if not isinstance(node, ast.Name):
                break
            value = self.names.get(node.id, self.module.values.get(node.id))
            if not isinstance(value, ast.expr):
                break
            node = value
        return node

    def text(self, node: ast.expr | None) -> str:
        """The string value, or "?" if it is not known. Unknown parts of an f-string become
        "?", too."""
        node = self.resolved(node) if node is not None else None
        if isinstance(node, ast.Constant):
            return str(node.value)
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.FormattedValue) else part for part in node.values)
            return "".join(map(self.text, parts))
        if isinstance(node, ast.Call) and call_of(node) in ("f", "text") and node.args:
            return self.text(node.args[0])
        return "?"

    def strings(self, node: ast.expr) -> list[str]:
        """The strings of a literal list or tuple; empty for anything else."""
        node = self.resolved(node)
        if isinstance(node, ast.Call) and call_of(node) in ("reversed", "sorted", "list", "set") and node.args:
            node = self.resolved(node.args[0])
        if not isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return []
        return [self.text(one) for one in node.elts]

    def table(self, node: ast.expr) -> str:
        """The name of a table created by table(...) or Table(...); "?" if it is not known."""
        made = self.resolved(node)
        named = isinstance(made, ast.Call) and call_of(made) in ("table", "Table")
        return self.text(made.args[0]) if named and isinstance(made, ast.Call) and made.args else "?"


def call_of(node: ast.Call) -> str:
    """The last part of the called name."""
    return last_name(node.func)


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
