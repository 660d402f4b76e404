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
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import superset_job
from superset_job import JobError, Result, describe, log
from superset_job_redis import celery_client

# A Service may refuse for a second or two after its pods are ready.
_ATTEMPTS = 5
_PAUSE_SECONDS = 2.0
_HTTP_SECONDS = 30
_CELERY_SECONDS = 2.0

# What every release from 4.0 on has, and whose absence loses messages without
# a word: workers throw tasks away that they do not know.
_CORE_TASKS = ("sql_lab.get_sql_results", "reports.scheduler", "reports.execute", "reports.prune_log")


class Failed(Exception):
    """A check's answer is wrong; the text says what it was."""


def verify(result: Result) -> None:
    for name, check in _checks(result):
        ok, detail = _try(check)
        log(f"{name}: {'ok' if ok else 'FAILED'}: {detail}")
        result.checks.append({"name": name, "ok": ok, "detail": detail})
    failed = [check for check in result.checks if not check["ok"]]
    if failed:
        raise JobError(
            "CheckFailed",
            f"{failed[0]['name']} ({len(failed)} of {len(result.checks)} checks failed): {failed[0]['detail']}",
        )


def _checks(result: Result) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "Revision", lambda: _revision(result)
    if web := os.environ.get("SUPERSET_OPERATOR_WEB_URL", "").rstrip("/"):
        yield "AnonymousAPI", lambda: _answers(web + "/api/v1/chart/")
        yield "LoginPage", lambda: _answers(web + "/login/")
    if workers := int(os.environ.get("SUPERSET_OPERATOR_WORKERS") or 0):
        yield "Workers", lambda: _ping(workers)
        yield "RegisteredTasks", lambda: _tasks(workers)


def _try(check: Callable[[], str]) -> tuple[bool, str]:
    detail = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE_SECONDS)
        try:
            return True, check()
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


class _SameHost(HTTPRedirectHandler):
    """Follows redirects within Superset; one to an identity provider is an answer."""

    def redirect_request(self, request: Request, *arguments: object) -> Request | None:  # type: ignore[override]
        target = super().redirect_request(request, *arguments)  # type: ignore[arg-type]
        same = target and urlsplit(target.full_url).netloc == urlsplit(request.full_url).netloc
        return target if same else None


def _answers(url: str) -> str:
    """Any code below 500: 401 is the right answer of an API without a login, and
    500 what a missing table or column gives."""
    try:
        with build_opener(_SameHost).open(url, timeout=_HTTP_SECONDS) as response:
            code = response.status
    except HTTPError as error:
        code = error.code
    if code >= 500:
        raise Failed(f"GET {urlsplit(url).path} answered {code}")
    return f"GET {urlsplit(url).path} answered {code}"


def _ping(workers: int) -> str:
    answers = celery_client().control.ping(timeout=_CELERY_SECONDS) or []
    names = sorted({name for answer in answers for name in answer})
    if len(names) < workers:
        raise Failed(f"{len(names)} of {workers} workers answered a ping")
    return f"{len(names)} workers answered"


def _tasks(workers: int) -> str:
    registered = celery_client().control.inspect(timeout=_CELERY_SECONDS).registered() or {}
    if len(registered) < workers:
        raise Failed(f"{len(registered)} of {workers} workers told their tasks")
    for worker, tasks in sorted(registered.items()):
        names = {task.split(" ", 1)[0] for task in tasks}  # "name [rate_limit=100/s]"
        if missing := [task for task in _CORE_TASKS if task not in names]:
            raise Failed(
                f"worker {worker} does not know {', '.join(missing)}:"
                " add the missing modules to imports of CELERY_CONFIG"
            )
    return f"{min(map(len, registered.values()))} tasks or more on each of {len(registered)} workers"


if __name__ == "__main__":
    superset_job.run("verify", verify)
