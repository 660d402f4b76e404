# SPDX-License-Identifier: Apache-2.0
"""Names in spec.config.settings and spec.config.raw that this image's configuration no longer knows, by static analysis.

A name is known if superset/config.py assigns it, or if it is a string in the code of Superset or of
a library that reads its configuration: most settings are read by their name as a string. A name
that the user's own code reads is a helper variable. What remains is a setting that was removed, a
misspelt one, or a helper variable that nothing reads. It is a note, never a failure.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path

from superset_job.report import Result, describe, log
from superset_job.revisions.graph import superset_folder

_LISTED = 16
_CHARACTERS = 64
# Where the user's parts begin and end; see Render in internal/superset.
_PARTS = (
    ("# --- config.settings and featureFlags of the Superset object ---", "# --- end of config.settings ---"),
    ("# --- config.raw of the Superset object ---", "# --- end of config.raw ---"),
)
_SETTING = re.compile(r"[A-Z][A-Z0-9_]{2,}")
_QUOTED = re.compile(r"""["']([A-Z][A-Z0-9_]{2,})["']""")
# Their code reads settings of Superset's configuration.
_LIBRARIES = (
    "flask flask_appbuilder flask_babel flask_caching flask_compress flask_cors flask_jwt_extended flask_limiter flask_login"
    " flask_migrate flask_session flask_sqlalchemy flask_talisman flask_wtf wtforms werkzeug celery cachelib"
).split()


def read_settings(result: Result) -> None:
    """Stores the unknown names in the result."""
    try:
        if names := unknown(_own()):
            result.facts["unknownSettings"] = [name[:_CHARACTERS] for name in names[:_LISTED]]
            log(f"this release does not know these names of spec.config: {', '.join(names)}")
    except Exception as error:  # invalid Python is reported when the app starts
        log(f"cannot compare spec.config with the settings of this release: {describe(error)}")


def unknown(raw: str) -> list[str]:
    """The unknown names that the code assigns, in alphabetical order."""
    module = ast.parse(raw)
    read = {node.id for node in ast.walk(module) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    names = {name for name in _assigned(module.body) if _SETTING.fullmatch(name)} - read
    if names:
        names -= set(_assigned(ast.parse((superset_folder() / "config.py").read_bytes()).body))
    for file in _code() if names else ():
        names -= set(_QUOTED.findall(file.read_text(encoding="utf-8", errors="replace")))
        if not names:
            break
    return sorted(names)


def _own() -> str:
    """The user's parts of superset_config.py."""
    text = Path(os.environ.get("SUPERSET_CONFIG_PATH", "")).read_text(encoding="utf-8")
    return "".join(text.partition(begin + "\n")[2].rpartition(end)[0] for begin, end in _PARTS)


def _assigned(body: list[ast.stmt]) -> Iterator[str]:
    """The names that statements assign, also in their branches, but not in functions and classes."""
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store))
        if isinstance(node, (ast.If, ast.Try, ast.With, ast.For)):
            for inner in ("body", "orelse", "finalbody"):
                yield from _assigned(getattr(node, inner, []))
            for handler in getattr(node, "handlers", []):
                yield from _assigned(handler.body)


def _code() -> Iterator[Path]:
    """The files of Superset without its migrations, then those of the libraries."""
    folder = superset_folder()
    yield from (file for file in folder.rglob("*.py") if "migrations" not in file.relative_to(folder).parts)
    for library in _LIBRARIES:
        spec = importlib.util.find_spec(library)
        if spec and spec.submodule_search_locations:
            yield from Path(spec.submodule_search_locations[0]).rglob("*.py")
        elif spec and spec.origin:
            yield Path(spec.origin)
