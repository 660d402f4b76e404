# SPDX-License-Identifier: Apache-2.0
"""Does what runs do its work? Asked from outside, by use.

Superset's /health answers without a look at the database, and its /version is
new, so neither is asked. A client without the app pings the workers in a second,
where celery's command line with it takes ten.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

import superset_job
import superset_job_beat
import superset_job_queries
import superset_job_use
from superset_job import JobError, Result, describe, log
from superset_job_http import Failed, Final, call
from superset_job_redis import celery_client

# A Service may refuse for a second or two after its pods are ready.
_ATTEMPTS = 5
_PAUSE_SECONDS = 2.0
_CELERY_SECONDS = 2.0

_BEGAN = time.monotonic()

# What a soak asks again and again, and how often: often enough to meet a pod that
# fails, seldom enough to be no load.
_SOAKED = ("AnonymousAPI", "LoginPage")
_SOAK_PAUSE_SECONDS = 5.0


def verify(result: Result) -> None:
    for name, check in _checks(result):
        _note(result, name, *_try(check))
    seconds = float(os.environ.get("SUPERSET_OPERATOR_SOAK_SECONDS") or 0)
    if seconds and _well(result):
        ticked = superset_job_beat.watch(seconds) if superset_job_beat.watched() else None
        _note(result, "Soak", *_soak(seconds, [(name, check) for name, check in _checks(result) if name in _SOAKED]))
        if ticked and _well(result):
            _note(result, "Beat", *_try(ticked))
    for name, expression in superset_job_queries.queries() if _well(result) else []:
        _note(result, f"Query/{name}", *_try(partial(superset_job_queries.ask, expression)))
    failed = [check for check in result.checks if not check["ok"]]
    if failed:
        raise JobError(
            "CheckFailed",
            f"{failed[0]['name']} ({len(failed)} of {len(result.checks)} checks failed): {failed[0]['detail']}",
        )


def _note(result: Result, name: str, ok: bool, detail: str) -> None:
    log(f"{name}: {'ok' if ok else 'FAILED'}: {detail}")
    result.checks.append({"name": name, "ok": ok, "detail": detail})


def _well(result: Result) -> bool:
    return all(check["ok"] for check in result.checks)


def _checks(result: Result) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "Revision", lambda: _revision(result)
    if workers := int(os.environ.get("SUPERSET_OPERATOR_WORKERS") or 0):
        yield "Workers", lambda: _ping(workers)
        yield "RegisteredTasks", lambda: _tasks(workers)
    # Web last: for a moment after a roll a Service still leads to pods that end, and the
    # release before would answer.
    if web := superset_job_use.web_url():
        _settle()
        yield "AnonymousAPI", lambda: _answers(web + "/api/v1/chart/")
        yield "LoginPage", lambda: _answers(web + "/login/")
    if superset_job_use.logs_in():
        yield "Login", _login
        if superset_job_use.charts():
            yield "Charts", _charts


def _settle() -> None:
    """Waits until every proxy has forgotten the pods whose end was decided before this
    Job began: they serve on for as long."""
    left = _BEGAN + float(os.environ.get("SUPERSET_OPERATOR_WEB_SETTLE_SECONDS") or 0) - time.monotonic()
    if left > 0:
        log(f"waiting {left:.1f} s until only the pods of this release are asked")
        time.sleep(left)


def _soak(seconds: float, checks: list[tuple[str, Callable[[], str]]]) -> tuple[bool, str]:
    """Asks again and again until the time is over, or until one check stays wrong."""
    began, rounds, told = time.monotonic(), 0, 0
    while (left := began + seconds - time.monotonic()) > 0:
        if (tenth := int(10 * (seconds - left) / seconds)) > told:
            told = tenth
            log(f"soak: {tenth} tenths of {seconds:g} s over, {rounds} rounds")
        time.sleep(min(left, _SOAK_PAUSE_SECONDS))
        for name, check in checks:
            ok, detail = _try(check)
            if not ok:
                return False, f"after {time.monotonic() - began:.0f} s {name}: {detail}"
        rounds += 1
    return True, f"{seconds:g} s, {rounds} rounds of {', '.join(name for name, _ in checks) or 'nothing to ask'}"


def _try(check: Callable[[], str]) -> tuple[bool, str]:
    detail = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        try:
            return True, check()
        except Final as error:
            return False, str(error)
        except (Failed, JobError) as error:
            detail = str(error)
        except Exception as error:  # refused, timed out, no such host, no broker
            detail = describe(error)
    return False, detail


def _revision(result: Result) -> str:
    from superset_job_database import database_url, read_facts
    from superset_job_graph import read_graph

    result.head = read_graph().head
    # After a rollback of the image alone the schema is newer than the image, on purpose.
    wanted = (os.environ.get("SUPERSET_OPERATOR_EXPECTED_REVISION") or result.head or "").split(",")
    read_facts(database_url(), result)
    if (result.revision or "") not in wanted:
        raise Failed(f"the database is at {result.revision or 'no revision'}, not at {' or '.join(wanted)}")
    return f"the database is at {result.revision or 'no revision'}"


def _answers(url: str) -> str:
    """Any code below 500: 401 is the right answer of an API without a login, and
    500 what a missing table or column gives."""
    code, _ = call(url)
    if code >= 500:
        raise Failed(f"GET {urlsplit(url).path} answered {code}")
    return f"GET {urlsplit(url).path} answered {code}"


def _login() -> str:
    return superset_job_use.answered_for(superset_job_use.login())


def _charts() -> str:
    return superset_job_use.compared(superset_job_use.login())


def _ping(workers: int) -> str:
    answers = celery_client().control.ping(timeout=_CELERY_SECONDS) or []
    names = sorted({name for answer in answers for name in answer})
    if len(names) < workers:
        raise Failed(f"{len(names)} of {workers} workers answered a ping")
    return f"{len(names)} workers answered"


def _tasks(workers: int) -> str:
    from superset_job_tasks import read_tasks

    wanted = read_tasks()
    registered = celery_client().control.inspect(timeout=_CELERY_SECONDS).registered() or {}
    if len(registered) < workers:
        raise Failed(f"{len(registered)} of {workers} workers told their tasks")
    for worker, tasks in sorted(registered.items()):
        names = {task.split(" ", 1)[0] for task in tasks}  # "name [rate_limit=100/s]"
        if missing := [task for task in wanted if task not in names]:
            raise Failed(
                f"worker {worker} does not know {', '.join(missing)}:"
                " add the missing modules to imports of CELERY_CONFIG"
            )
    if not wanted:
        return f"{len(registered)} workers told their tasks; which this image must have is not known"
    return f"each of {len(registered)} workers knows the {len(wanted)} tasks that this image always has"


if __name__ == "__main__":
    superset_job.run("verify", verify)
