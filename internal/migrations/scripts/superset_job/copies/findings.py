# SPDX-License-Identifier: Apache-2.0
"""Passing the findings of a rehearsal's containers to the one that reports."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from superset_job.report import JobError


def folder() -> Path:
    return Path(os.environ.get("SUPERSET_OPERATOR_SHARED_DIR", "/run/superset-operator"))


def write_findings(name: str, findings: dict[str, Any]) -> None:
    """Writes findings under a name. Replaces those of an earlier, killed container."""
    partial = folder() / f"{name}.partial"
    partial.write_text(json.dumps(findings), encoding="utf-8")
    partial.rename(folder() / f"{name}.json")


def read_findings(name: str) -> dict[str, Any]:
    """The findings of that name. Raises JobError RehearsalFailed if there are none."""
    try:
        found: dict[str, Any] = json.loads((folder() / f"{name}.json").read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError) as error:
        raise JobError("RehearsalFailed", f"the container {name} ended without findings: read its log") from error
