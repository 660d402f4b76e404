# SPDX-License-Identifier: Apache-2.0
"""Running a step in a child process, with its output in this process's log."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from superset_job import JobError, log


def run_child(what: str, reason: str, arguments: list[str], environment: Mapping[str, str] | None = None) -> None:
    """Runs Python with the arguments and waits for it. If it fails, raises a JobError of that
    reason, which quotes the last line of its output."""
    last = ""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            log(line.rstrip("\n"))
            last = line.strip() or last
    except BaseException:  # stopped: the child must not go on writing without the lock
        process.terminate()
        raise
    finally:
        code = process.wait()
    if code:
        raise JobError(reason, f"{what} ended with exit code {code}: {last}")
