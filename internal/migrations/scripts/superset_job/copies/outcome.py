# SPDX-License-Identifier: Apache-2.0
"""Reading the outcome that backup_check.sh, dump.sh, load.sh or copy.sh wrote."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from superset_job.report import JobError, Result


def custom() -> bool:
    """Whether the user's command did the work; it writes no outcome."""
    return os.environ.get("SUPERSET_OPERATOR_CUSTOM") == "1"


def read_outcome(result: Result, reason: str) -> None:
    """Stores the outcome of the previous container in the result. Raises a JobError with the
    reason of the outcome, or with the given reason if there is no outcome."""
    name = os.environ.get("SUPERSET_OPERATOR_BACKUP", "")
    if custom():
        result.backup = {"name": name}
        return
    facts = _facts(reason)
    if facts.get("reason"):
        raise JobError(facts["reason"], facts.get("message", ""))
    result.backup = {
        "name": facts["name"],
        "revision": facts["revision"],
        "bytes": int(facts["bytes"]),
        "sha256": facts["sha256"],
        "seconds": round(float(facts["seconds"]), 1),
    }
    if facts.get("takenAt"):
        result.backup["takenAt"] = facts["takenAt"]
    if facts.get("kept"):
        result.backup["kept"] = facts["kept"].split(",")


def read_note(reason: str) -> str:
    """What a check found and does not refuse. Raises a JobError if it refuses, with the given reason
    if there is no outcome."""
    facts = _facts(reason)
    if facts.get("reason"):
        raise JobError(facts["reason"], facts.get("message", ""))
    return facts.get("note", "")


def read_copy() -> dict[str, Any]:
    """The figures of a rehearsal's copy. Raises a JobError if there is no copy."""
    facts = _facts("RehearsalFailed")
    if facts.get("reason"):
        raise JobError(facts["reason"], facts.get("message", ""))
    return {
        "bytes": int(facts["bytes"]),
        "copySeconds": round(float(facts["seconds"]), 1),
        "excluded": [name for name in facts.get("excluded", "").split(",") if name],
    }


def _facts(reason: str) -> dict[str, str]:
    file = Path(os.environ.get("SUPERSET_OPERATOR_SHARED_DIR", "/run/superset-operator"), "outcome")
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise JobError(reason, "the container with the database's programs ended without an outcome: read its log") from error
    return dict(line.split("=", 1) for line in lines if "=" in line)
