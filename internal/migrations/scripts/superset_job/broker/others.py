# SPDX-License-Identifier: Apache-2.0
"""Who else uses the database and the broker: other sessions by application name, and Celery workers
that are not of this Superset. A note, never a failure: whatever cannot be read is left out."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from superset_job.report import Result, describe, log
from superset_job.report.fit import shorten

_LISTED = 8
_NAME_CHARACTERS = 64
_BEAT_CHARACTERS = 128
_CELERY_SECONDS = 2.0

# Every role sees the application names of all sessions, but not the statements. A background
# process has no user.
_POSTGRESQL = """
SELECT COALESCE(application_name, ''), count(*) FROM pg_stat_activity
WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid()
  AND NOT (application_name LIKE 'superset-operator %' AND right(application_name, length(:owner)) = :owner AND :owner <> '')
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :listed
"""
# MySQL has no application names here. Without the PROCESS privilege only sessions of the same user
# are visible.
_MYSQL = """
SELECT USER, COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID()
GROUP BY USER ORDER BY COUNT(*) DESC, USER LIMIT :listed
"""


def read_sessions(connection: Connection, result: Result) -> None:
    """Stores the other sessions on the database in the result, the most frequent names first."""
    query = {"postgresql": _POSTGRESQL, "mysql": _MYSQL, "mariadb": _MYSQL}.get(connection.dialect.name)
    if not query:
        return
    values: dict[str, Any] = {"listed": _LISTED}
    if connection.dialect.name == "postgresql":
        values["owner"] = os.environ.get("SUPERSET_OPERATOR_OWNER", "")
    rows = connection.execute(sa.text(query), values).all()
    if rows:
        result.facts["sessions"] = [{"name": shorten(str(name), _NAME_CHARACTERS), "count": int(count)} for name, count in rows]
        log("other sessions on the database: " + ", ".join(f'{count} of "{name}"' for name, count in rows))


def read_workers(result: Result) -> None:
    """Stores the workers that answer on the broker and are not of this Superset in the result, and
    what only beat can have sent to them while no worker of this Superset answered."""
    if not os.environ.get("SUPERSET_CACHE_URL"):
        return
    try:
        names = _answering()
        foreign = sorted(name for name in names if not is_ours(name))
        if not foreign:
            return
        result.facts |= {"workers": [shorten(name, _NAME_CHARACTERS) for name in foreign[:_LISTED]], "workerCount": len(foreign)}
        log(f"{len(foreign)} other workers answer on the broker: {', '.join(foreign[:_LISTED])}")
        if len(foreign) == len(names) and (sent := _sent_by_beat(foreign)):
            result.facts["beat"] = shorten(", ".join(sent), _BEAT_CHARACTERS)
            log(f"another beat has sent to them: {', '.join(sent)}")
    except Exception as error:  # the broker may be down, and is not needed now
        log(f"not known which workers answer on the broker: {describe(error)}")


def _answering() -> set[str]:
    """The names of all workers that answer."""
    from superset_job.broker.redis import connected_client

    with connected_client() as client:
        return {name for answer in client.control.ping(timeout=_CELERY_SECONDS) or [] for name in answer}


def is_ours(worker: str) -> bool:
    """Whether the worker runs in a pod of this Superset's Deployment: its host is
    <deployment>-<hash>-<suffix>, cut at 63 characters."""
    deployment = os.environ.get("SUPERSET_OPERATOR_WORKER_DEPLOYMENT", "")
    host = worker.partition("@")[2]
    return bool(deployment and re.fullmatch(re.escape(deployment) + r"-[a-z0-9]{1,10}-[a-z0-9]{0,5}", host))


def _sent_by_beat(workers: list[str]) -> list[str]:
    """The tasks of the schedule that these workers have started since their start: only beat sends
    them."""
    from superset_job.broker.beat import _entries
    from superset_job.broker.redis import connected_client

    with connected_client() as client:
        stats = client.control.inspect(destination=workers, timeout=_CELERY_SECONDS).stats() or {}
    started: Counter[str] = Counter()
    for reply in stats.values():
        started.update(reply.get("total") or {})
    return sorted({entry.task for entry in _entries().values() if started[entry.task]})
