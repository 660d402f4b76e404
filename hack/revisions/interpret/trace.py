# SPDX-License-Identifier: Apache-2.0
"""Follows the calls of a migration's function, and collects its steps: operations of alembic,
SQL, use of a session, and use of a second connection. Both branches of a condition count."""

from __future__ import annotations

import ast

from interpret.code import Code, Function
from interpret.effects import Effects
from interpret.operations import HELPERS, Operation, is_operation, step_of
from interpret.orm import STATEMENTS, OrmCalls
from interpret.scope import Batch, Scope, call_of

_DEPTH = 12
# Functions of op without an effect.
_NO_EFFECT = ("get_bind", "get_context", "f", "batch_alter_table")


class Trace(ast.NodeVisitor):
    """Visits a function's body and the functions that it calls."""

    def __init__(self, code: Code, effects: Effects) -> None:
        self._code, self._effects, self._orm = code, effects, OrmCalls(code, effects)
        self._scope = Scope()
        self._active: list[ast.FunctionDef] = []

    def follow(self, function: Function, scope: Scope) -> None:
        """Visits the function unless it is being visited already."""
        if function.node in self._active:
            return
        if len(self._active) >= _DEPTH:
            self._effects.unknown()
            return
        before, self._scope = self._scope, scope
        self._active.append(function.node)
        self._visit_all(function.node.body)
        self._active.pop()
        self._scope = before

    def _visit_all(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self.visit(statement)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_all(node.body)  # assume that a nested function is called

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._scope.bind(target, node.value)

    def visit_For(self, node: ast.For) -> None:
        """Visits the body once, or for each string of a literal list."""
        self.visit(node.iter)
        texts = self._scope.strings(node.iter) if isinstance(node.target, ast.Name) else []
        for text in texts:
            self._scope.bind(node.target, ast.Constant(text))
            self._visit_all(node.body)
        self._visit_all([*([] if texts else node.body), *node.orelse])

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            call, name = item.context_expr, item.optional_vars
            if isinstance(call, ast.Call) and call_of(call) == "batch_alter_table" and isinstance(name, ast.Name):
                tables = [*call.args, *(k.value for k in call.keywords if k.arg == "table_name")]
                self._scope.names[name.id] = Batch(self._scope.text(tables[0] if tables else None))
        self._visit_all(node.body)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if ast.unparse(node) in ("db.session", "db.engine"):
            self._effects.second_connection = True
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        # A function that is passed to a helper, which calls it for each row.
        scope = self._scope
        meaning = self._code.resolve(scope.module, node, scope.owner) if node.id not in scope.names else None
        if isinstance(meaning, Function):
            self.follow(meaning, Scope(meaning.module, meaning.owner))

    def visit_Call(self, node: ast.Call) -> None:
        if ast.unparse(node.func) in ("db.session.close", "db.session.remove"):
            return  # they only end a session of another part of the process
        for part in [*node.args, *(keyword.value for keyword in node.keywords)]:
            self.visit(part)
        meaning = self._code.resolve(self._scope.module, node.func, self._scope.owner)
        if self._operation(node, meaning):
            return
        if isinstance(meaning, Function):
            self.follow(meaning, Scope(meaning.module, meaning.owner, self._arguments(node, meaning)))
            return
        self.visit(node.func)
        if call_of(node) == "execute" and isinstance(node.func, ast.Attribute):
            self._execute(node)
        else:
            where = self._active[-1].name if len(self._active) > 1 else ""
            self._orm.call(node, self._scope, meaning, where)

    def _operation(self, node: ast.Call, meaning: object) -> bool:
        """Records the steps of a call if it is an operation of alembic or a known helper.
        Returns whether it is one."""
        name, on = call_of(node), node.func.value if isinstance(node.func, ast.Attribute) else None
        home = self._scope.names.get(on.id) if isinstance(on, ast.Name) else None
        if isinstance(home, Batch):
            operation = Operation(name, "batch", home.table)
        elif isinstance(on, ast.Name) and on.id in ("op", "batch_op"):
            operation = Operation(name, "op", None if on.id == "op" else "?")
        elif isinstance(meaning, Function) and name in HELPERS:
            operation = Operation(name, "helper", None)
        else:
            return False
        if operation.home != "helper" and name == "execute":
            self._execute(node)
        elif is_operation(operation):
            for step in step_of(operation, node, self._scope):
                self._effects.step(step)
        elif name not in _NO_EFFECT:
            self._effects.unknown()
        return True

    def _execute(self, node: ast.Call) -> None:
        statement = self._scope.resolved(node.args[0]) if node.args else None
        if statement is not None and (text := self._scope.text(statement)) != "?":
            self._effects.sql(text)
        elif statement is None or not any(isinstance(part, ast.Call) and call_of(part) in STATEMENTS for part in ast.walk(statement)):
            self._effects.unknown()

    def _arguments(self, node: ast.Call, function: Function) -> dict[str, Batch | ast.expr]:
        names = [argument.arg for argument in function.node.args.args]
        if function.owner is not None:
            names = names[1:]
        given = dict(zip(names, node.args, strict=False)) | {k.arg: k.value for k in node.keywords if k.arg}
        return {name: self._scope.value(value) for name, value in given.items()}
