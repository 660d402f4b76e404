# SPDX-License-Identifier: Apache-2.0
"""The Celery workers of this Superset: those in the pods whose hostnames the operator lists. The
user may choose the part of a worker's name before the "@". Workers of others may use the broker.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from superset_job.broker.redis import connected_client
from superset_job.report import JobError, describe, log
from superset_job.web.http import Failed, Unanswered

_SECONDS = 2.0
_LISTED = 2


def hosts() -> list[str]:
    """The hostnames of the pods to ask."""
    return [host for host in os.environ.get("SUPERSET_OPERATOR_WORKER_HOSTS", "").split(",") if host]


def ping() -> str:
    """Pings the workers. Raises Unanswered if one of them does not answer: its pod may be gone,
    and then the next attempt does not ask it."""
    names = _ours(_asked(lambda client: _names(client.control.ping(timeout=_SECONDS, **_pattern()))))
    answered = {_host(name) for name in names}
    if silent := [host for host in hosts() if host not in answered]:
        raise Unanswered(f"{len(silent)} of {len(hosts())} workers did not answer a ping: {_listed(silent)}")
    return f"{len(names)} workers answered{_others()}"


def tasks() -> str:
    """Asks the workers for their tasks. Raises Failed if one of them lacks a task, and Unanswered
    if none of them answers."""
    from superset_job.broker.tasks import read_tasks

    wanted = read_tasks()
    replies = _asked(lambda client: client.control.inspect(timeout=_SECONDS, **_pattern()).registered() or {})
    registered = {name: replies[name] for name in _ours(replies)}
    if not registered:
        raise Unanswered(f"none of {len(hosts())} workers reported its tasks")
    for worker, listed in registered.items():
        names = {task.split(" ", 1)[0] for task in listed}  # "name [rate_limit=100/s]"
        if missing := [task for task in wanted if task not in names]:
            raise Failed(f"worker {worker} does not have {', '.join(missing)}: add the missing modules to imports of CELERY_CONFIG")
    if not wanted:
        return f"{len(registered)} workers reported their tasks; the tasks that this image needs are not known"
    return f"each of {len(registered)} workers has the {len(wanted)} tasks that this image needs"


def _pattern() -> dict[str, str]:
    """What makes a broadcast one to the workers of this Superset, whatever is before the "@"."""
    return {"pattern": f"[^@]*@(?:{'|'.join(map(re.escape, hosts()))})$", "matcher": "pcre"}


def _asked(question: Callable[[Any], Any]) -> Any:
    """The answer of the workers. Raises Unanswered if the broker fails."""
    try:
        with connected_client() as client:
            return question(client)
    except JobError:
        raise
    except Exception as error:  # no broker, or not now
        raise Unanswered(describe(error)) from error


def _names(answers: list[dict[str, Any]] | None) -> list[str]:
    return [name for answer in answers or [] for name in answer]


def _host(name: str) -> str:
    return name.partition("@")[2]


def _ours(names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if _host(name) in hosts()})


def _others() -> str:
    """A note on workers that are not of this Superset; empty if there are none."""
    from superset_job.broker.others import is_ours

    try:
        names = _asked(lambda client: _names(client.control.ping(timeout=_SECONDS)))
    except Unanswered as error:
        log(f"not known which other workers answer on the broker: {error}")
        return ""
    foreign = sorted({name for name in names if _host(name) not in hosts() and not is_ours(name)})
    return f"; {len(foreign)} on the broker are not of this Superset: {_listed(foreign)}" if foreign else ""


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
