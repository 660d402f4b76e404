# SPDX-License-Identifier: Apache-2.0
"""The steps of spec.init after superset init, in this order: adminUser, loadExamples, importFrom,
script. The first that fails ends the Job; the schema is migrated then, and a later Job runs all
steps again: those that are done once find that."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from superset_job.app.child import PROGRAM, run_child
from superset_job.init.wanted import wanted
from superset_job.report import DETAIL_CHARACTERS, JobError, Result, log
from superset_job.report.fit import shorten

_REASON = "InitStepFailed"
_SCRIPT = "script"


def run(result: Result, check: Callable[[], None]) -> None:
    """Runs the steps, and stores what each has done in the result. check raises JobError once the lock is lost."""
    spec = wanted()
    with tempfile.TemporaryDirectory(prefix="init-") as folder:
        outcomes = Path(folder, "outcomes")
        try:
            if spec.adminUser or spec.loadExamples or spec.imports:
                check()
                run_child("spec.init", _REASON, [sys.executable, PROGRAM, "init_steps", str(outcomes)])
            if spec.script:
                check()
                with recording(outcomes, _SCRIPT):
                    _script(Path(folder, "script.sh"), spec.script)
        finally:
            if outcomes.exists():
                result.facts["init"] = [json.loads(line) for line in outcomes.read_text(encoding="utf-8").splitlines()]


class recording:
    """Adds the outcome of a step to a file: as set by done or skipped, or that it has failed."""

    def __init__(self, outcomes: Path, step: str) -> None:
        self._outcomes, self._step = outcomes, step
        self._result, self._message = "Done", ""

    def done(self, message: str) -> None:
        self._message = message

    def skipped(self, message: str) -> None:
        self._result, self._message = "Skipped", message

    def __enter__(self) -> recording:
        log(f"spec.init.{self._step}")
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, JobError):
            self._result, self._message = "Failed", error.message
        if error is None or isinstance(error, JobError):
            outcome = {"step": self._step, "result": self._result, "message": shorten(self._message, DETAIL_CHARACTERS)}
            with self._outcomes.open("a", encoding="utf-8") as file:
                file.write(json.dumps(outcome) + "\n")


def _script(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    flask = {"FLASK_APP": os.environ.get("FLASK_APP") or "superset.app:create_app()"}
    run_child("spec.init.script", _REASON, ["bash", "-e", str(file)], flask)
