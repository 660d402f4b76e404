# SPDX-License-Identifier: Apache-2.0
"""What the containers of a rehearsal hand on to the one that reports."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from superset_job import JobError


def folder() -> Path:
    return Path(os.environ.get("SUPERSET_OPERATOR_SHARED_DIR", "/run/superset-operator"))


def leave(name: str, findings: dict[str, Any]) -> None:
    """Leaves findings under a name, instead of what a killed container left."""
    partial = folder() / f"{name}.partial"
    partial.write_text(json.dumps(findings), encoding="utf-8")
    partial.rename(folder() / f"{name}.json")


def found(name: str) -> dict[str, Any]:
    """The findings of that name. Raises RehearsalFailed where there are none."""
    try:
        return json.loads((folder() / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise JobError("RehearsalFailed", f"the container {name} left no word of what it found") from error
