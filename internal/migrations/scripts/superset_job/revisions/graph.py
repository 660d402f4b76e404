# SPDX-License-Identifier: Apache-2.0
"""The migration graph of this image, parsed from its scripts.

Alembic imports every script, and old ones import Superset's models, which needs a running
app and a valid configuration. The three values needed here are literals, so parsing is
sufficient, takes 0.1 s and works with a broken configuration.
"""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from superset_job.report import JobError

_FACTS = ("revision", "down_revision", "depends_on")


@dataclass(frozen=True)
class Graph:
    """parents maps each revision to those that must be applied before it; files maps it to
    its script."""

    parents: dict[str, tuple[str, ...]]
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """The only revision that is no parent. Raises JobError MultipleHeads."""
        parents = {parent for some in self.parents.values() for parent in some}
        heads = [revision for revision in self.parents if revision not in parents]
        if len(heads) != 1:
            raise JobError(
                "MultipleHeads",
                f"the image's migration scripts have {len(heads)} heads ({', '.join(heads)})"
                " instead of one: use an image of a released version",
            )
        return heads[0]

    def pending(self, revision: str | None) -> list[str]:
        """The revisions that an upgrade from revision to the head applies, oldest first; all of
        them for None, a database that was never migrated. Raises JobError DatabaseAhead."""
        if revision is not None and revision not in self.parents:
            raise JobError(
                "DatabaseAhead",
                f"the database is at revision {revision}, which this image (head {self.head}) does not know:"
                " it was migrated by a newer or a different Superset; use the image of that version",
            )
        applied = set(self._history(revision)) if revision else set()
        return [step for step in self._history(self.head) if step not in applied]

    def between(self, target: str, revision: str | None) -> list[str]:
        """The revisions that a downgrade from revision to target reverts, newest first. Raises
        JobError DatabaseAhead or DowngradeFailed."""
        self.pending(revision)  # raises DatabaseAhead for an unknown revision
        if revision is None or target not in self.parents or target not in self._history(revision):
            raise JobError(
                "DowngradeFailed",
                f"the database is at {revision or 'no revision (never migrated)'}, and this image"
                f" (head {self.head}) cannot downgrade it to {target}; nothing was changed",
            )
        kept = set(self._history(target))
        return [step for step in reversed(self._history(revision)) if step not in kept]

    def _history(self, revision: str) -> list[str]:
        """The revision with all its ancestors, each after its parents."""
        order: dict[str, None] = {}
        stack = [revision]
        while stack:
            missing = [p for p in self.parents[stack[-1]] if p not in order]
            if missing:
                stack.extend(reversed(missing))
            else:
                order[stack.pop()] = None
        return list(order)


def read_graph(folder: Path | None = None) -> Graph:
    """The graph of the scripts in folder, by default those of this image."""
    folder = folder or superset_folder() / "migrations" / "versions"
    parents: dict[str, tuple[str, ...]] = {}
    files: dict[str, Path] = {}
    for file in sorted(folder.glob("*.py")):
        facts = _literals(file)
        if isinstance(facts.get("revision"), str):
            parents[facts["revision"]] = _names(facts.get("down_revision")) + _names(facts.get("depends_on"))
            files[facts["revision"]] = file
    unknown = {p for some in parents.values() for p in some} - set(parents)
    if not parents or unknown:
        raise JobError(
            "ImageBroken",
            f"the image's migration scripts are incomplete ({len(parents)} found"
            + (f", {', '.join(sorted(unknown))} missing)" if unknown else ")"),
        )
    return Graph(parents, files)


def superset_folder() -> Path:
    spec = importlib.util.find_spec("superset")  # does not import a top-level package
    if spec is None or not spec.submodule_search_locations:
        raise JobError("ImageBroken", "the image's Python has no module named superset: use an image of Superset")
    return Path(spec.submodule_search_locations[0])


def _literals(file: Path) -> dict[str, Any]:
    try:
        module = ast.parse(file.read_bytes())
    except SyntaxError as error:
        raise JobError("ImageBroken", f"the image's migration script {file.name} cannot be parsed") from error
    facts: dict[str, Any] = {}
    for node in module.body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name) and target.id in _FACTS:
                facts[target.id] = ast.literal_eval(node.value)
    return facts


def _names(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
