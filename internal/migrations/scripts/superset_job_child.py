# SPDX-License-Identifier: Apache-2.0
"""A step in a process of its own, with its output in this one's log."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from superset_job import JobError, log


def run_child(what: str, reason: str, arguments: list[str], environment: Mapping[str, str] | None = None) -> None:
    """Runs Python with the arguments to its end. Raises a JobError of the reason, which
    quotes the last line that it printed, unless it succeeds."""
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
    except BaseException:  # stopped: do not leave it behind, writing without the lock
        process.terminate()
        raise
    finally:
        code = process.wait()
    if code:
        raise JobError(reason, f"{what} ended with exit code {code}: {last}")
