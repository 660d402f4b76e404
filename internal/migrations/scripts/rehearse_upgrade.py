# SPDX-License-Identifier: Apache-2.0
"""Tries an upgrade and its way back on a copy of the database, with the image of the
target, and leaves the copy upgraded for the release that runs now.

Superset adds tables and rows at every start. So it is started once before anything is
compared: what that writes is no difference. Then the copy is migrated, which is timed,
taken back, and compared with what it was; and migrated once more.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import superset_job
import superset_job_scratch
from superset_job import JobError, Result, describe, log
from superset_job_findings import leave

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from superset_job_state import State


def rehearse(result: Result) -> None:
    from superset_job_outcome import read_copy

    findings = read_copy()
    from superset_job_graph import read_graph

    graph = read_graph()
    result.head = graph.head
    from superset_job_database import database_url, read_facts
    from superset_job_room import within_its_room
    from superset_job_stop import statements_end_on_sigterm

    url = database_url()
    read_facts(url, result)
    result.pending = graph.pending(result.revision)
    app = superset_job_scratch.create_app(url)
    with statements_end_on_sigterm() as connections, within_its_room(connections):
        before = _state(url, statistics=True)
        log(f"the measure: {len(before.objects)} objects, {sum(before.counts.values())} rows")
        with app.app_context():
            findings |= _upgrade(app, url, result, before)
            findings |= _way_back(app, url, result, before)
            _leave_upgraded(app, url, result, findings)
    leave("upgrade", {**findings, "from": result.revision or "", "to": result.head})


def _state(url: URL, before: State | None = None, statistics: bool = False) -> State:
    """What is in the copy; with statistics, as a database has that was in use."""
    from superset_job_database import new_engine
    from superset_job_state import read_state

    with new_engine(url).connect() as connection:
        if statistics:
            with connection.begin():
                connection.exec_driver_sql("ANALYZE")
        with connection.begin():
            return read_state(connection, before)


def _upgrade(app: Any, url: URL, result: Result, before: State) -> dict[str, Any]:
    """The migration, measured. Raises a JobError MigrationFailed or RevisionMismatch."""
    from superset_job_watch import watching

    began = time.monotonic()
    with watching(set(before.counts)) as watch:
        _migrate(app, result)
    seconds = time.monotonic() - began
    held = time.monotonic() - watch.since if watch.since else 0.0
    if (now := _revision(url)) != result.head:
        raise JobError(
            "RevisionMismatch",
            f"on a copy of the database the migration ended without an error at {now or 'no revision'} instead of"
            f" {result.head}: look at the Job's log; the database was not touched",
        )
    log(f"migrated in {seconds:.2f} s; {watch.tables} tables locked for {held:.2f} s")
    return {"migrateSeconds": round(seconds, 2), "lockSeconds": round(held, 2), "lockTables": watch.tables}


def _revision(url: URL) -> str | None:
    from superset_job_database import read_facts

    now = Result("now")
    read_facts(url, now)
    return now.revision


def _migrate(app: Any, result: Result) -> None:
    from flask_migrate import upgrade

    from superset_job_alembic import run_alembic

    try:
        run_alembic(app, upgrade, "migrating the copy", len(result.pending or []))
    except Exception as error:
        raise JobError(
            "MigrationFailed",
            f"{describe(error)}; this was a rehearsal on a copy, and the database was not touched",
        ) from error


def _way_back(app: Any, url: URL, result: Result, before: State) -> dict[str, Any]:
    """Whether the downgrade leads back to what was there."""
    from flask_migrate import downgrade

    from superset_job_alembic import run_alembic
    from superset_job_room import full
    from superset_job_state import differences

    try:
        run_alembic(app, downgrade, "taking the copy back", len(result.pending or []), revision=result.revision)
    except Exception as error:
        if full(error):
            raise
        return _refused(f"the downgrade fails: {describe(error)}")
    rows, schema = differences(before, _state(url, before))
    for line in [*rows, *schema]:
        log(f"after the upgrade and back: {line}")
    if not rows and not schema:
        log("after the upgrade and back schema and rows are what they were")
        return {"downgrade": "Proven"}
    more = len(rows) + len(schema) - 1
    words = f"{[*rows, *schema][0]}{f' (and {more} more)' if more else ''}"
    return _refused(words if rows else f"{words}; the rows are what they were")


def _refused(why: str) -> dict[str, Any]:
    log(f"no way back by a downgrade: {why}")
    return {"downgrade": "Refused", "downgradeReason": why}


def _leave_upgraded(app: Any, url: URL, result: Result, findings: dict[str, Any]) -> None:
    """Has the copy at the head, for what comes next. A way back from which no upgrade
    leads on again is none."""
    if _revision(url) == result.head:
        return
    try:
        _migrate(app, result)
    except JobError as error:
        if findings["downgrade"] == "Proven":
            findings |= _refused(f"after it the upgrade fails: {error.message.split(';')[0]}")
        findings |= {"rolling": "Refused", "rollingReason": "the copy could not be migrated a second time, to try it"}


if __name__ == "__main__":
    superset_job_scratch.enter()
    superset_job.run("rehearse", rehearse)
