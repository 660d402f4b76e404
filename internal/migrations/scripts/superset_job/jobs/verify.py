# SPDX-License-Identifier: Apache-2.0
"""The smoke tests of the release that serves.

Superset's /health answers without reading the database, and /version exists only in newer
releases, so neither is used. A Celery client without Superset's app pings the workers in a
second; the celery command with the app takes ten.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial

from superset_job import report
from superset_job.broker import beat, workers
from superset_job.report import JobError, Result, describe, log
from superset_job.web import queries, user
from superset_job.web.http import Failed, Final
from superset_job.web.service import call_web, is_unanswered, note_answer, reaches_web, web_url

# A Service may refuse connections for a second or two after its pods are ready.
_ATTEMPTS = 5
_PAUSE_SECONDS = 2.0

_BEGAN = time.monotonic()

# The checks that a soak repeats, and the pause between rounds: short enough to hit a failing
# pod, long enough to cause no load.
_SOAKED = ("AnonymousAPI", "LoginPage")
_SOAK_PAUSE_SECONDS = 5.0

# The checks that send requests to web.
_OF_WEB = ("AnonymousAPI", "LoginPage", "Login", "Charts")
# How long web is asked if it is known that Jobs do not reach it.
_KNOWN_SECONDS = 10.0

# The names of the checks that have failed without an answer.
_unanswered: set[str] = set()


def verify(result: Result) -> None:
    for name, check in _checks(result):
        _note(result, name, *_try(name, check))
    seconds = float(os.environ.get("SUPERSET_OPERATOR_SOAK_SECONDS") or 0)
    if seconds and _passed(result):
        ticked = beat.watch(seconds) if beat.watched() else None
        _note(result, "Soak", *_soak(seconds, [(name, check) for name, check in _checks(result) if name in _SOAKED]))
        if ticked and _passed(result):
            _note(result, "Beat", *_try("Beat", ticked))
    for name, expression in queries.queries() if _passed(result) else []:
        _note(result, f"Query/{name}", *_try(f"Query/{name}", partial(queries.ask, expression)))
    failed = [check for check in result.checks if not check["ok"]]
    _note_web(result, [str(check["name"]) for check in failed])
    if failed:
        answered = [check for check in failed if check["name"] not in _unanswered]
        raise JobError(
            "CheckFailed" if answered else "CheckUnanswered",
            f"{failed[0]['name']} ({len(failed)} of {len(result.checks)} checks failed): {failed[0]['detail']}",
        )


def _note_web(result: Result, failed: list[str]) -> None:
    """Stores in the result whether web was reached. If nothing but the checks of web has failed,
    all without an answer, the path to it may be what fails."""
    asked = [check["name"] for check in result.checks if check["name"] in _OF_WEB]
    if not asked:
        return
    if any(name not in _unanswered for name in asked):
        note_answer(result)
    elif all(name in _unanswered and name in _OF_WEB for name in failed):
        reaches_web(result)


def _note(result: Result, name: str, ok: bool, detail: str) -> None:
    log(f"{name}: {'ok' if ok else 'FAILED'}: {detail}")
    result.checks.append({"name": name, "ok": ok, "detail": detail})


def _passed(result: Result) -> bool:
    return all(check["ok"] for check in result.checks)


def _checks(result: Result) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "Revision", lambda: _revision(result)
    if workers.hosts():
        yield "Workers", workers.ping
        yield "RegisteredTasks", workers.tasks
    # Web last: shortly after a rollout a Service may still route to terminating pods of the
    # previous release.
    if web_url():
        _settle()
        if _skips_web(result):
            yield "Web", lambda: f"not checked: Jobs do not reach it ({result.facts.get('webWhy')})"
            return
        yield "AnonymousAPI", lambda: _answers("/api/v1/chart/")
        yield "LoginPage", lambda: _answers("/login/")
    if user.logs_in():
        yield "Login", _login
        if user.charts():
            yield "Charts", _charts


def _skips_web(result: Result) -> bool:
    """Whether Jobs do not reach web, as was known before, and still do not."""
    if os.environ.get("SUPERSET_OPERATOR_WEB_UNREACHABLE") != "1":
        return False
    if "web" not in result.facts:
        reaches_web(result, _KNOWN_SECONDS)
    return result.facts["web"] == "Unreachable"


def _settle() -> None:
    """Waits until no proxy routes to pods that were terminated before this Job started: they
    keep serving for SUPERSET_OPERATOR_WEB_SETTLE_SECONDS."""
    left = _BEGAN + float(os.environ.get("SUPERSET_OPERATOR_WEB_SETTLE_SECONDS") or 0) - time.monotonic()
    if left > 0:
        log(f"waiting {left:.1f} s until only pods of this release receive requests")
        time.sleep(left)


def _soak(seconds: float, checks: list[tuple[str, Callable[[], str]]]) -> tuple[bool, str]:
    """Repeats the checks until the time is over or a check fails after all its attempts."""
    began, rounds, logged = time.monotonic(), 0, 0
    while (left := began + seconds - time.monotonic()) > 0:
        if (tenth := int(10 * (seconds - left) / seconds)) > logged:
            logged = tenth
            log(f"soak: {tenth * 10} % of {seconds:g} s, {rounds} rounds")
        time.sleep(min(left, _SOAK_PAUSE_SECONDS))
        for name, check in checks:
            ok, detail = _try(name, check)
            if not ok:
                if name in _unanswered:
                    _unanswered.add("Soak")
                return False, f"after {time.monotonic() - began:.0f} s {name}: {detail}"
        rounds += 1
    return True, f"{seconds:g} s, {rounds} rounds of {', '.join(name for name, _ in checks) or 'no checks'}"


def _try(name: str, check: Callable[[], str]) -> tuple[bool, str]:
    """Runs a check until it passes, a few times. Records a check that fails without an answer."""
    problem: Exception = Failed()
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        try:
            return True, check()
        except Final as error:
            return False, str(error)
        except Exception as error:
            problem = error
    if _is_unanswered(problem):
        _unanswered.add(name)
    return False, str(problem) if isinstance(problem, (Failed, JobError)) else describe(problem)


def _is_unanswered(error: Exception) -> bool:
    """Whether a check failed because something did not answer, which says nothing about the
    release: connection refused, timeout, unknown host."""
    if isinstance(error, JobError):
        return error.reason == "DatabaseUnreachable"
    return is_unanswered(error)


def _revision(result: Result) -> str:
    from superset_job.database.access import database_url, read_facts
    from superset_job.revisions.graph import read_graph

    result.head = read_graph().head
    # After an Image rollback the schema is newer than the image, on purpose.
    wanted = (os.environ.get("SUPERSET_OPERATOR_EXPECTED_REVISION") or result.head or "").split(",")
    read_facts(database_url(), result)
    if (result.revision or "") not in wanted:
        raise Failed(f"the database is at {result.revision or 'no revision'}, not at {' or '.join(wanted)}")
    return f"the database is at {result.revision or 'no revision'}"


def _answers(path: str) -> str:
    """Accepts any code below 500: an API without a login answers 401, and a missing table or
    column results in 500."""
    code, _ = call_web(path)
    if code >= 500:
        raise Failed(f"GET {path} answered {code}")
    return f"GET {path} answered {code}"


def _login() -> str:
    return user.answered_for(user.login())


def _charts() -> str:
    return user.compared(user.login())


if __name__ == "__main__":
    report.run("verify", verify)
