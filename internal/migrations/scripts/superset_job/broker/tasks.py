# SPDX-License-Identifier: Apache-2.0
"""The Celery tasks that every worker of this image must have, by static analysis of its
modules. A worker silently discards a task that it does not have.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from superset_job.report import JobError
from superset_job.revisions.graph import superset_folder

# The entry point of every worker. The task modules that it imports itself do not depend on
# CELERY_CONFIG; other imports are the user's choice.
_ENTRY = Path("tasks", "celery_app.py")
# The tasks of asynchronous queries, which web sends.
_ALWAYS = (Path("sql_lab.py"),)


def read_tasks(folder: Path | None = None) -> list[str]:
    """The names of those tasks, in alphabetical order; empty if this version of Superset has
    them in other modules."""
    folder = folder or superset_folder()
    files = [folder / file for file in _ALWAYS]
    if (folder / _ENTRY).exists():
        files.extend(_imported(folder / _ENTRY))
    return sorted({name for file in files if file.exists() for name in _tasks(file)})


def _imported(entry: Path) -> Iterator[Path]:
    """The files next to the entry point that it imports by "from . import"."""
    for node in _parsed(entry).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1 and not node.module:
            for alias in node.names:
                yield entry.with_name(alias.name + ".py")


def _tasks(file: Path) -> Iterator[str]:
    """The names in @celery_app.task(name="…"), which are always literals in Superset."""
    for node in ast.walk(_parsed(file)):
        for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
            if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
                continue
            for keyword in decorator.keywords if decorator.func.attr == "task" else ():
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes())
    except SyntaxError as error:
        raise JobError("ImageBroken", f"the image's {file.name} cannot be parsed") from error
