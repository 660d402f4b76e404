# SPDX-License-Identifier: Apache-2.0
"""Runs the upgrade and its downgrade on a copy of the database, with the image of the target
release, and leaves the copy upgraded for the test with the previous release.

Superset adds tables and rows at every start. Therefore it is started once before the state
is recorded, so that these are no difference. Then the copy is migrated (timed), downgraded,
compared with the recorded state, and migrated again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from superset_job import report
from superset_job.copies import scratch
from superset_job.copies.findings import write_findings
from superset_job.report import JobError, Result, describe, log

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from superset_job.copies.state import State


def rehearse(result: Result) -> None:
    from superset_job.copies.outcome import read_copy

    findings = read_copy()
    from superset_job.revisions.graph import read_graph

    graph = read_graph()
    result.head = graph.head
    from superset_job.copies.space import limit_space
    from superset_job.database.access import database_url, read_facts
    from superset_job.locks.polite import guarded
    from superset_job.locks.stop import statements_end_on_sigterm

    url = database_url()
    read_facts(url, result)
    result.pending = graph.pending(result.revision)
    app = scratch.create_app(url)
    with statements_end_on_sigterm() as connections, limit_space(connections):
        before = _state(url, statistics=True)
        log(f"before the upgrade: {len(before.objects)} objects, {sum(before.counts.values())} rows")
        with app.app_context(), guarded(url, result, connections):  # plain: a rehearsal has no budget
            findings |= _upgrade(app, url, result, before)
            findings |= _downgrade(app, url, result, before)
            _leave_upgraded(app, url, result, findings)
    write_findings("upgrade", {**findings, "from": result.revision or "", "to": result.head})


def _state(url: URL, before: State | None = None, statistics: bool = False) -> State:
    """The state of the copy. statistics runs ANALYZE first, so that the migration has the
    query plans of a database in use."""
    from superset_job.copies.state import read_state
    from superset_job.database.access import new_engine
    from superset_job.locks.budget import set_local

    with new_engine(url).connect() as connection:
        if statistics:
            with connection.begin():
                connection.exec_driver_sql("ANALYZE")
        with connection.begin():
            set_local(connection, "statement_timeout", 0)  # of the user's role: it reads every row
            return read_state(connection, before)


def _upgrade(app: Any, url: URL, result: Result, before: State) -> dict[str, Any]:
    """Migrates the copy and measures it. Raises JobError MigrationFailed or
    RevisionMismatch."""
    from superset_job.locks.watch import watching

    began = time.monotonic()
    with watching(set(before.counts)) as watch:
        _migrate(app, result)
    seconds = time.monotonic() - began
    held = time.monotonic() - watch.since if watch.since else 0.0
    if (now := _revision(url)) != result.head:
        raise JobError(
            "RevisionMismatch",
            f"on a copy of the database the migration ended without an error at {now or 'no revision'} instead of"
            f" {result.head}: read the Job's log; the database was not touched",
        )
    log(f"migrated in {seconds:.2f} s; {watch.tables} tables locked for {held:.2f} s")
    return {"migrateSeconds": round(seconds, 2), "lockSeconds": round(held, 2), "lockTables": watch.tables}


def _revision(url: URL) -> str | None:
    from superset_job.database.access import read_facts

    now = Result("now")
    read_facts(url, now)
    return now.revision


def _migrate(app: Any, result: Result) -> None:
    from flask_migrate import upgrade

    from superset_job.revisions.alembic import run_alembic

    try:
        run_alembic(app, upgrade, "migrating the copy", len(result.pending or []))
    except Exception as error:
        raise JobError(
            "MigrationFailed",
            f"{describe(error)}; this was a rehearsal on a copy, the database was not touched",
        ) from error


def _downgrade(app: Any, url: URL, result: Result, before: State) -> dict[str, Any]:
    """Whether the downgrade restores the state before the upgrade."""
    from flask_migrate import downgrade

    from superset_job.copies.space import full
    from superset_job.copies.state import differences
    from superset_job.revisions.alembic import run_alembic

    try:
        run_alembic(app, downgrade, "downgrading the copy", len(result.pending or []), revision=result.revision)
    except Exception as error:
        if full(error):
            raise
        return _refused(f"the downgrade fails: {describe(error)}")
    rows, schema = differences(before, _state(url, before))
    for line in [*rows, *schema]:
        log(f"after upgrade and downgrade: {line}")
    if not rows and not schema:
        log("after upgrade and downgrade, schema and rows are unchanged")
        return {"downgrade": "Proven"}
    more = len(rows) + len(schema) - 1
    text = f"{[*rows, *schema][0]}{f' (and {more} more)' if more else ''}"
    return _refused(text if rows else f"{text}; the rows are unchanged")


def _refused(why: str) -> dict[str, Any]:
    log(f"no rollback by a downgrade is possible: {why}")
    return {"downgrade": "Refused", "downgradeReason": why}


def _leave_upgraded(app: Any, url: URL, result: Result, findings: dict[str, Any]) -> None:
    """Migrates the copy to the head again, for the next container. If that fails, the
    downgrade is refused too: after it, no upgrade would be possible."""
    if _revision(url) == result.head:
        return
    try:
        _migrate(app, result)
    except JobError as error:
        if findings["downgrade"] == "Proven":
            findings |= _refused(f"after the downgrade the upgrade fails: {error.message.split(';')[0]}")
        findings |= {"rolling": "Refused", "rollingReason": "not tested: the copy could not be migrated a second time"}


if __name__ == "__main__":
    scratch.enter()
    report.run("rehearse", rehearse, last=False)
