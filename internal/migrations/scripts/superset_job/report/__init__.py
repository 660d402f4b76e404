# SPDX-License-Identifier: Apache-2.0
"""What every Job script shares: the result, redaction, and the exit.

A script reports its result to the operator as one line of JSON in the container's
termination message. The kubelet cuts it at a limit that depends on the number of
containers in the pod. The operator may not read Secrets, so it cannot redact anything.
Therefore everything that leaves this process, result or log line, is redacted here.
"""

from __future__ import annotations

import io
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TextIO
from urllib.parse import unquote

from superset_job.report import connections
from superset_job.report.fit import fit, shorten
from superset_job.report.mesh import quit_proxies

RESULT_FILE = os.environ.get("SUPERSET_OPERATOR_RESULT_FILE", "/dev/termination-log")
RESULT_BYTES = int(os.environ.get("SUPERSET_OPERATOR_RESULT_BYTES") or 4096)
MESSAGE_CHARACTERS = 512
DETAIL_CHARACTERS = 128
FINDING_CHARACTERS = 320

_URLS = (
    "SUPERSET_DATABASE_URI",
    "SUPERSET_CACHE_URL",
    "SUPERSET_OPERATOR_BROKER_URL",
    "SUPERSET_OPERATOR_RESULT_BACKEND_URL",
    "SUPERSET_OPERATOR_SCRATCH_URI",
    connections.APPLICATION_URI,
)
_SECRET_NAME = re.compile(r"(?i)(secret|password|passwd|db_pass$|token|api_?key|private_?key)")
_USER_INFO = re.compile(r"([A-Za-z][\w+.-]*://)[^\s/@]*:[^\s/@]*@")


class JobError(Exception):
    """A failure with a reason from the closed set and a sentence for the user."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Stopped(BaseException):
    """SIGTERM was received. Not an Exception, so that no error handler swallows it."""


@dataclass
class Result:
    """What is reported to the operator. A script fills it step by step, so that a
    failure still reports the facts found before it. pending is for the script itself:
    only the number of revisions is reported. facts are more fields of the result."""

    script: str
    reason: str = ""
    message: str = ""
    database: str | None = None
    revision: str | None = None
    head: str | None = None
    pending: list[str] | None = None
    path: dict[str, object] | None = None
    packages: list[str] | None = None
    checks: list[dict[str, object]] = field(default_factory=list)
    charts: str | None = None
    locks: dict[str, float] | None = None
    backup: dict[str, object] | None = None
    rehearsal: dict[str, object] | None = None
    facts: dict[str, object] = field(default_factory=dict)

    def encode(self, redact: Callable[[str], str]) -> bytes:
        """One line of JSON of at most RESULT_BYTES."""
        line: dict[str, object] = {
            "script": self.script,
            "reason": self.reason,
            "message": shorten(redact(self.message), MESSAGE_CHARACTERS),
        }
        for key in ("packages", "database", "revision", "head", "charts", "locks", "backup"):
            if (value := getattr(self, key)) is not None:
                line[key] = value
        if self.rehearsal is not None:
            line["rehearsal"] = {
                key: shorten(redact(value), FINDING_CHARACTERS) if isinstance(value, str) else value
                for key, value in self.rehearsal.items()
            }
        if self.checks:
            line["checks"] = [{**check, "detail": shorten(redact(str(check["detail"])), DETAIL_CHARACTERS)} for check in self.checks]
        if self.pending is not None:
            line["pendingCount"] = len(self.pending)
        if self.path:
            line["path"] = self.path
        line.update(_redacted(self.facts, redact))
        return fit(line, RESULT_BYTES)


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """The value with all its texts redacted."""
    if isinstance(value, dict):
        return {key: _redacted(some, redact) for key, some in value.items()}
    if isinstance(value, list):
        return [_redacted(some, redact) for some in value]
    return redact(value) if isinstance(value, str) else value


def describe(error: BaseException) -> str:
    """Exception class and first line. For a SQLAlchemy error, those of the driver's
    error: the outer error repeats the statement and its parameters."""
    error = getattr(error, "orig", None) or error
    lines = str(error).strip().splitlines()
    name = type(error).__name__
    return f"{name}: {lines[0]}" if lines else name


def redactor(environment: Mapping[str, str]) -> Callable[[str], str]:
    """Returns a function that replaces in a text every secret of the environment, and
    the credentials of any URL, by asterisks."""
    # A Secret created from a file ends in a line break, which its users strip.
    secrets = {value.strip() for name, value in environment.items() if _SECRET_NAME.search(name)}
    for url in (environment.get(name, "") for name in _URLS):
        secrets.add(url)
        # A password may contain "@" or "/", and drivers disagree about where it ends:
        # redact both the shortest and the longest candidate. A malformed URL may lack the slashes.
        passwords = re.findall(r"[:/][^:@/]*:([^@]*)@", url) + re.findall(r"[:/][^:@/]*:(.*)@", url)
        # Drivers take a password from the query too.
        query = re.findall(r"[?&;]([^=&;]*)=([^&;\s]*)", url)
        passwords += [value for name, value in query if _SECRET_NAME.search(name)]
        for password in passwords:
            secrets.update((password, unquote(password)))
    known = sorted((s for s in secrets if len(s) > 2), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, known))) if known else None

    def redact(text: str) -> str:
        if pattern:
            text = pattern.sub("***", text)
        return _USER_INFO.sub(r"\1***@", text)

    return redact


class RedactedStream(io.TextIOBase):
    """A text stream that redacts whole lines before it passes them on. Superset and the
    drivers write to it too, and they may print secrets."""

    def __init__(self, inner: TextIO, redact: Callable[[str], str]) -> None:
        self._inner, self._redact, self._open_line = inner, redact, ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._open_line = (self._open_line + text).split("\n")
        for line in lines:
            self._inner.write(self._redact(line) + "\n")
        self._inner.flush()
        return len(text)

    def finish(self) -> None:
        """Writes a last line that has no line break."""
        if self._open_line:
            self.write("\n")

    def fileno(self) -> int:
        return self._inner.fileno()


def log(text: str) -> None:
    """Writes a line of progress to the pod's log."""
    print(text, flush=True)


def run(script: str, work: Callable[[Result], None], last: bool = True) -> NoReturn:
    """Runs work, writes the result and exits: 0 for success, 1 for a failure. last is false for
    an init container: after the last container, the proxies of the pod are told to end."""
    connections.complete(os.environ)
    result, redact = Result(script), redactor(os.environ)
    streams = RedactedStream(sys.stdout, redact), RedactedStream(sys.stderr, redact)
    sys.stdout, sys.stderr = streams
    # PID 1 of a container ignores SIGTERM unless it has a handler.
    signal.signal(signal.SIGTERM, _stop)
    try:
        work(result)
    except JobError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        result.reason, result.message = error.reason, error.message
    except Stopped:
        result.reason = "Interrupted"
        result.message = "stopped by SIGTERM, as when a node is drained or a pod is evicted; it can run again"
    except BaseException as error:  # every failure must be reported to the operator
        traceback.print_exc()
        result.reason, result.message = "Unexpected", describe(error)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    log(f"{script}: {result.reason or 'succeeded'}{result.message and ': '}{result.message}")
    for stream in streams:
        stream.finish()
    with open(RESULT_FILE, "wb") as file:
        file.write(result.encode(redact))
    if last:
        quit_proxies()
    sys.exit(1 if result.reason else 0)


def _stop(*_: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the script is exiting already
    raise Stopped
