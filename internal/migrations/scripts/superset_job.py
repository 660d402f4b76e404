# SPDX-License-Identifier: Apache-2.0
"""What every Job script shares: its result, what it may say, and how it ends.

A script hands its result to the operator as one line of JSON in the container's
termination message, which the kubelet cuts at 4096 bytes. The operator may not
read Secrets, so it could not redact anything: whatever leaves this process,
result or log line, is redacted here.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TextIO
from urllib.parse import unquote

RESULT_FILE = os.environ.get("SUPERSET_OPERATOR_RESULT_FILE", "/dev/termination-log")
RESULT_BYTES = 4096
MESSAGE_CHARACTERS = 512
DETAIL_CHARACTERS = 128
FINDING_CHARACTERS = 320

_URLS = ("SUPERSET_DATABASE_URI", "SUPERSET_CACHE_URL", "SUPERSET_OPERATOR_SCRATCH_URI")
_SECRET_NAME = re.compile(r"(?i)(secret|password|passwd|token|api_?key|private_?key)")
_USER_INFO = re.compile(r"([A-Za-z][\w+.-]*://)[^\s/@]*:[^\s/@]*@")


class JobError(Exception):
    """A failure with a reason from the closed set and a sentence for the user."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Stopped(BaseException):
    """SIGTERM came. No Exception, so that nobody's error handling swallows it."""


@dataclass
class Result:
    """What the operator learns. A script fills it as it goes, so that a failure
    still reports the facts found before it."""

    script: str
    reason: str = ""
    message: str = ""
    database: str | None = None
    revision: str | None = None
    head: str | None = None
    pending: list[str] | None = None
    path: dict[str, object] | None = None
    checks: list[dict[str, object]] = field(default_factory=list)
    charts: str | None = None
    locks: dict[str, float] | None = None
    backup: dict[str, object] | None = None
    rehearsal: dict[str, object] | None = None

    def encode(self, redact: Callable[[str], str]) -> bytes:
        """One line of JSON within RESULT_BYTES. The list of pending revisions is cut
        at its end when it must be, then that of the risky ones; counts are true."""
        line: dict[str, object] = {
            "script": self.script,
            "reason": self.reason,
            "message": shorten(redact(self.message), MESSAGE_CHARACTERS),
        }
        for key in ("database", "revision", "head", "charts", "locks", "backup"):
            if (value := getattr(self, key)) is not None:
                line[key] = value
        if self.rehearsal is not None:
            line["rehearsal"] = {
                key: shorten(redact(value), FINDING_CHARACTERS) if isinstance(value, str) else value
                for key, value in self.rehearsal.items()
            }
        if self.checks:
            line["checks"] = [
                {**check, "detail": shorten(redact(str(check["detail"])), DETAIL_CHARACTERS)} for check in self.checks
            ]
        pending = list(self.pending or [])
        if self.pending is not None:
            line["pending"], line["pendingCount"] = pending, len(pending)
        path = {key: list(v) if isinstance(v, list) else v for key, v in (self.path or {}).items()}
        if path:
            line["path"] = path
        return _cut(line, pending, *(v for v in path.values() if isinstance(v, list)))


def _cut(line: dict[str, object], *lists: list[Any]) -> bytes:
    """The line's JSON, with its lists cut until it fits, the first one first."""
    for some in lists:
        while len(encoded := _dump(line)) > RESULT_BYTES and some:
            del some[-max(1, (len(encoded) - RESULT_BYTES) // 512) :]
    return _dump(line)


def _dump(line: dict[str, object]) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()


def shorten(text: str, limit: int) -> str:
    """The text on one line, cut to limit characters with an ellipsis."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def describe(error: BaseException) -> str:
    """Exception class and first line. Of a SQLAlchemy error the driver's own is
    taken: the outer one repeats the statement and its parameters."""
    error = getattr(error, "orig", None) or error
    lines = str(error).strip().splitlines()
    name = type(error).__name__
    return f"{name}: {lines[0]}" if lines else name


def redactor(environment: Mapping[str, str]) -> Callable[[str], str]:
    """A function that blanks every secret of the environment out of a text, and
    the credentials of any URL, known or not."""
    # One that was made of a file ends in a line break, which whoever uses it leaves out.
    secrets = {value.strip() for name, value in environment.items() if _SECRET_NAME.search(name)}
    for url in (environment.get(name, "") for name in _URLS):
        secrets.add(url)
        # A password may itself hold "@" or "/", and drivers differ in where they
        # think that it ends: blank the shortest and the longest reading.
        for reading in (r"://[^:@/]*:([^@]*)@", r"://[^:@/]*:(.*)@"):
            for password in re.findall(reading, url):
                secrets.update((password, unquote(password)))
    known = sorted((s for s in secrets if len(s) > 2), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, known))) if known else None

    def redact(text: str) -> str:
        if pattern:
            text = pattern.sub("***", text)
        return _USER_INFO.sub(r"\1***@", text)

    return redact


class RedactedStream(io.TextIOBase):
    """A text stream that redacts whole lines before it passes them on: the logs
    are Superset's and the drivers', who print what they like."""

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
        """Passes on a last line that has no end."""
        if self._open_line:
            self.write("\n")

    def fileno(self) -> int:
        return self._inner.fileno()


def log(text: str) -> None:
    """A line of progress for whoever reads the pod's log."""
    print(text, flush=True)


def run(script: str, work: Callable[[Result], None]) -> NoReturn:
    """Runs work, writes the result and exits: 0 for success, 1 for any reason."""
    result, redact = Result(script), redactor(os.environ)
    streams = RedactedStream(sys.stdout, redact), RedactedStream(sys.stderr, redact)
    sys.stdout, sys.stderr = streams
    # Without a handler of its own the first process of a container ignores SIGTERM.
    signal.signal(signal.SIGTERM, _stop)
    try:
        work(result)
    except JobError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        result.reason, result.message = error.reason, error.message
    except Stopped:
        result.reason, result.message = "Unexpected", "stopped by SIGTERM"
    except BaseException as error:  # whatever it is, the operator must hear of it
        traceback.print_exc()
        result.reason, result.message = "Unexpected", describe(error)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    log(f"{script}: {result.reason or 'succeeded'}{result.message and ': '}{result.message}")
    for stream in streams:
        stream.finish()
    with open(RESULT_FILE, "wb") as file:
        file.write(result.encode(redact))
    sys.exit(1 if result.reason else 0)


def _stop(*_: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what follows is already the end
    raise Stopped
