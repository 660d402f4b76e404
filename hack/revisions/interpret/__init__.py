# SPDX-License-Identifier: Apache-2.0
"""What the revisions of a release change, by an interpretation of their scripts that follows the
helpers which they call. The code is parsed, never imported.

It is for official releases, whose verdicts are reviewed: the Jobs have the result, known.json.
"""

from __future__ import annotations

import ast
from pathlib import Path

from interpret.code import Code, Function, Module
from interpret.effects import Effects
from interpret.scope import Scope
from interpret.trace import Trace
from superset_job.revisions.change import Change, summary


class Interpreter:
    """Interprets the scripts of one release. Each file is parsed once."""

    def __init__(self, folder: Path) -> None:
        """folder is the one of the package superset.migrations."""
        self._code = Code(folder)

    def change(self, file: Path) -> Change:
        """What the script of a revision changes."""
        module = self._code.module(file)
        down = self._effects(module, "downgrade", Effects())
        up = self._effects(module, "upgrade", Effects(types_before=down.new_types))
        return Change(tuple(up.effects), summary(down.effects, set()), up.second_connection)

    def _effects(self, module: Module, name: str, effects: Effects) -> Effects:
        node = module.functions.get(name)
        if node is not None:
            Trace(self._code, effects).follow(Function(module, node), Scope(module))
        elif name in module.values or name in module.imports or name == "upgrade":
            meaning = self._code.resolve(module, ast.Name(name))
            if isinstance(meaning, Function):
                Trace(self._code, effects).follow(meaning, Scope(meaning.module))
            else:
                effects.unknown()
        if name == "upgrade" and not effects.effects and not (node is not None and _idle(node)):
            effects.unknown()
        return effects


def _idle(node: ast.FunctionDef) -> bool:
    """Whether a function's body has only a docstring, pass and return."""
    return all(
        isinstance(one, (ast.Pass, ast.Return)) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)) for one in node.body
    )
