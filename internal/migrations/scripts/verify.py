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
from urllib.parse import urlsplit

import superset_job
import superset_job_use
from superset_job import JobError, Result, describe, log
from superset_job_http import Failed, call
from superset_job_redis import celery_client

# A Service may refuse for a second or two after its pods are ready.
_ATTEMPTS = 5
_PAUSE_SECONDS = 2.0
_CELERY_SECONDS = 2.0


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
    if web := superset_job_use.web_url():
        yield "AnonymousAPI", lambda: _answers(web + "/api/v1/chart/")
        yield "LoginPage", lambda: _answers(web + "/login/")
    if superset_job_use.logs_in():
        yield "Login", _login
        if superset_job_use.charts():
            yield "Charts", _charts
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
