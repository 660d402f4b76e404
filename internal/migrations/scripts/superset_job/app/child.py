# SPDX-License-Identifier: Apache-2.0
"""Running a step in a child process, with its output in this process's log."""

from __future__ import annotations

import os
import re
import subprocess
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from superset_job.report import JobError, log

# The archive or the folder of this package, which Python can run: see __main__.py.
PROGRAM = str(Path(__file__).parents[2])

_KEPT_LINES = 500
# The line of a traceback with an error, and last lines that do not say which: SQLAlchemy adds the
# statement and a link, and Superset raises some errors again without their text.
_ERROR = re.compile(r"\(?[A-Za-z_][\w.]*(Error|Exception|Violation|Detected|Exit)\b")
_EMPTY = re.compile(r"\(Background on this error|[A-Za-z_][\w.]*(: \(\))?$")


class ChildFailed(JobError):
    """The child ended with an error. output has its last lines."""

    def __init__(self, reason: str, message: str, output: str) -> None:
        super().__init__(reason, message)
        self.output = output


def run_child(what: str, reason: str, command: list[str], environment: Mapping[str, str] | None = None) -> None:
    """Runs a command and waits for it. If it fails, raises ChildFailed of
    that reason, whose message quotes its error."""
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    process = subprocess.Popen(
        command,
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
            if line.strip():
                lines.append(line.strip())
    except BaseException:  # stopped: the child must not go on writing without the lock
        process.terminate()
        raise
    finally:
        code = process.wait()
        process.stdout.close()
    if code:
        raise ChildFailed(reason, f"{what} ended with exit code {code}: {_quoted(lines)}", "\n".join(lines))


def _quoted(lines: deque[str]) -> str:
    """The last line, or that of the last error with a text if it has none."""
    last = lines[-1] if lines else ""
    if not _EMPTY.match(last):
        return last
    return next((line for line in reversed(lines) if _ERROR.match(line) and not _EMPTY.match(line)), last)
