# SPDX-License-Identifier: Apache-2.0
"""Resolving names in migration scripts to the functions, classes and modules of the image's
migrations. The code is parsed, never imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Module:
    """The definitions of one file."""

    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)
    # From a local name to the dotted name that it is imported from.
    imports: dict[str, str] = field(default_factory=dict)
    # Modules that are imported with *.
    stars: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Function:
    module: Module
    node: ast.FunctionDef
    # The class of a method, which self and cls refer to.
    owner: Class | None = None


@dataclass(frozen=True)
class Class:
    module: Module
    node: ast.ClassDef


@dataclass(frozen=True)
class Foreign:
    """A definition outside the migrations, which is not analyzed."""

    name: str


Meaning = Function | Class | Module | Foreign | None


class Code:
    """The code of the image's migrations. Each file is parsed once."""

    def __init__(self, folder: Path) -> None:
        """folder is the one of the package superset.migrations."""
        self._folder = folder
        self._modules: dict[Path, Module] = {}

    def module(self, file: Path) -> Module:
        if file not in self._modules:
            inner = file.relative_to(self._folder).parts[:-1]
            self._modules[file] = _read(file, ".".join(("superset", "migrations", *inner)))
        return self._modules[file]

    def resolve(self, module: Module, node: ast.expr, owner: Class | None = None) -> Meaning:
        """What a name or dotted name refers to in a module. owner is the class that self and
        cls refer to. None if static analysis cannot tell."""
        if isinstance(node, ast.Attribute):
            return self._member(self.resolve(module, node.value, owner), node.attr)
        if isinstance(node, ast.Call) and _last(node.func) == "import_module" and node.args:
            name = node.args[0]
            return self._named(str(name.value)) if isinstance(name, ast.Constant) else None
        if not isinstance(node, ast.Name):
            return None
        if node.id in ("self", "cls"):
            return owner
        return self._defined(module, node.id)

    def table(self, module: Module, node: ast.expr) -> str | None:
        """The table of a model class; None if it is not known."""
        meaning = self.resolve(module, node)
        if isinstance(meaning, Foreign):
            return f"the model {meaning.name.rpartition('.')[2]}"
        if not isinstance(meaning, Class):
            return None
        for statement in meaning.node.body:
            if isinstance(statement, ast.Assign) and _last(statement.targets[0]) == "__tablename__":
                value = statement.value
                return str(value.value) if isinstance(value, ast.Constant) else None
        return None

    def _defined(self, module: Module, name: str) -> Meaning:
        if name in module.functions:
            return Function(module, module.functions[name])
        if name in module.classes:
            return Class(module, module.classes[name])
        if name in module.imports:
            return self._named(module.imports[name])
        for home in module.stars:
            if isinstance(starred := self._named(f"{home}.{name}"), (Function, Class)):
                return starred
        value = module.values.get(name)
        # Aliases such as module = import_module("...").
        return self.resolve(module, value) if isinstance(value, (ast.Call, ast.Attribute)) else None

    def _member(self, of: Meaning, name: str) -> Meaning:
        if isinstance(of, Module):
            return self._defined(of, name)
        if isinstance(of, Foreign):
            return Foreign(f"{of.name}.{name}")
        if isinstance(of, Class):
            for base in self._with_bases(of, 0):
                for node in base.node.body:
                    if isinstance(node, ast.FunctionDef) and node.name == name:
                        return Function(base.module, node, of)
        return None

    def _with_bases(self, of: Class, depth: int) -> Iterator[Class]:
        yield of
        for node in of.node.bases if depth < 9 else []:
            base = self.resolve(of.module, node)
            if isinstance(base, Class):
                yield from self._with_bases(base, depth + 1)

    def _named(self, dotted: str) -> Meaning:
        """What the dotted name of an import refers to."""
        if file := self._file(dotted):
            return self.module(file)
        home, _, name = dotted.rpartition(".")
        if file := self._file(home):
            return self._defined(self.module(file), name)
        return Foreign(dotted)

    def _file(self, dotted: str) -> Path | None:
        """The file of a module of the migrations. Alembic's environment adds their folder to
        the path, so some are imported without the package name."""
        inner = dotted.removeprefix("superset.migrations.")
        if inner == dotted and dotted != "migration_utils":
            return None
        base = self._folder.joinpath(*inner.split("."))
        for file in (base.with_name(base.name + ".py"), base / "__init__.py"):
            if file.is_file():
                return file
        return None


def _read(file: Path, package: str) -> Module:
    tree, module = ast.parse(file.read_bytes()), Module()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                dotted = name.name if name.asname else name.name.split(".")[0]
                module.imports[name.asname or dotted] = dotted
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                if name.name == "*":
                    module.stars.append(_home(node, package))
                else:
                    module.imports[name.asname or name.name] = f"{_home(node, package)}.{name.name}"
    for node in tree.body:
        _define(module, node)
    return module


def _home(node: ast.ImportFrom, package: str) -> str:
    """The absolute name of the module that an import is from."""
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def _define(module: Module, node: ast.stmt) -> None:
    if isinstance(node, ast.FunctionDef):
        module.functions[node.name] = node
    elif isinstance(node, ast.ClassDef):
        module.classes[node.name] = node
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name):
                module.values[target.id] = node.value


def _last(node: ast.expr) -> str:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
