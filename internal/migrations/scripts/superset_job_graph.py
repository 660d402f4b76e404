# SPDX-License-Identifier: Apache-2.0
"""The migration graph of this image, read from the text of its scripts.

Alembic's own reader imports every script, and old ones import Superset's models,
which needs a running app and a sound configuration. The three facts wanted here
are literals, so parsing is enough, takes 0.1 s and also works when the
configuration is what is broken.
"""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from superset_job import JobError

_FACTS = ("revision", "down_revision", "depends_on")


@dataclass(frozen=True)
class Graph:
    """parents maps each revision to those that must be applied before it, files to
    its script."""

    parents: dict[str, tuple[str, ...]]
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """The one revision that nothing builds upon."""
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
        """What an upgrade from revision to the head would cross, oldest first;
        all of it for a database that was never migrated."""
        if revision is not None and revision not in self.parents:
            raise JobError(
                "DatabaseAhead",
                f"the database is at revision {revision}, which this image (head {self.head}) does not know:"
                " it was migrated by a newer or another Superset; use that version's image",
            )
        applied = set(self._history(revision)) if revision else set()
        return [step for step in self._history(self.head) if step not in applied]

    def between(self, target: str, revision: str | None) -> list[str]:
        """What a downgrade from revision to target would take back, newest first."""
        self.pending(revision)  # one that is known
        if revision is None or target not in self.parents or target not in self._history(revision):
            raise JobError(
                "DowngradeFailed",
                f"the database is at {revision or 'no revision (never migrated)'}, from where this image"
                f" (head {self.head}) has no way back to {target}; nothing was changed",
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
            f"the image's migration scripts are not whole ({len(parents)} found"
            + (f", {', '.join(sorted(unknown))} missing)" if unknown else ")"),
        )
    return Graph(parents, files)


def superset_folder() -> Path:
    spec = importlib.util.find_spec("superset")  # finds a top-level package without importing it
    if spec is None or not spec.submodule_search_locations:
        raise JobError("ImageBroken", "the image's Python has no module named superset")
    return Path(spec.submodule_search_locations[0])


def _literals(file: Path) -> dict[str, Any]:
    try:
        module = ast.parse(file.read_bytes())
    except SyntaxError as error:
        raise JobError("ImageBroken", f"migration script {file.name} does not parse") from error
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
