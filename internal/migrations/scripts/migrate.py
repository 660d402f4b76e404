# SPDX-License-Identifier: Apache-2.0
"""Migrates the metadata database to this image's head, once, then runs superset init.

An advisory lock is held from before Superset starts (it writes tables) until
after init (two at once fail): two operators, clusters or namespaces that share
a database cannot migrate it at the same time. A database that is at the head
already is a success, and init still runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import superset_job
from superset_job import JobError, Result, Stopped, describe, log

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_DEFAULT_LOCK_WAIT_SECONDS = 60
_INIT = "from superset.cli.main import superset; superset(args=['init'])"


def migrate(result: Result) -> None:
    from superset_job_graph import read_graph

    graph = read_graph()
    result.head = graph.head
    try:
        import sqlalchemy  # noqa: F401  (asked for here to name what is missing)
    except ImportError as error:
        raise JobError("ImageBroken", f"the image misses a Python module: {error}") from error
    from superset_job_database import check_primary, database_url, read_facts
    from superset_job_lock import migration_lock
    from superset_job_stop import statements_end_on_sigterm

    url = database_url()
    check_primary(url, result)
    try:
        with statements_end_on_sigterm() as connections, migration_lock(url, _lock_wait()):
            read_facts(url, result)
            result.pending = graph.pending(result.revision)
            if result.pending:
                _upgrade(url, result, connections)
            else:
                log(f"nothing to migrate: the database is at {result.head}")
            _init()
    except Stopped as stopped:
        raise _failed(url, result, "stopped by SIGTERM") from stopped


def _lock_wait() -> float:
    text = os.environ.get("SUPERSET_OPERATOR_LOCK_WAIT_SECONDS") or _DEFAULT_LOCK_WAIT_SECONDS
    return float(text)


def _upgrade(url: URL, result: Result, connections: list[Any]) -> None:
    from superset_job_app import create_app
    from superset_job_database import read_facts
    from superset_job_polite import guarded, starting

    with starting(url):
        app = create_app()
    pending = result.pending or []
    log(f"migrating: {len(pending)} revisions from {result.revision or 'nothing'} to {result.head}")
    started = time.monotonic()
    try:
        with app.app_context(), guarded(url, result, connections):
            _run_alembic(app, len(pending))
    except JobError as error:
        raise _failed(url, result, error.message, error.reason) from error
    except Exception as error:
        raise _failed(url, result, describe(error)) from error
    read_facts(url, result)
    if result.revision != result.head:
        raise JobError(
            "RevisionMismatch",
            f"the migration ended without an error, but the database is at {result.revision or 'no revision'}"
            f" instead of {result.head}: look at the Job's log",
        )
    result.pending = []
    log(f"migrated to {result.head} in {time.monotonic() - started:.1f} s")


def _run_alembic(app: Any, total: int) -> None:
    from flask_migrate import upgrade

    done = 0

    def progress(step: Any, **_: Any) -> None:
        nonlocal done
        done += 1
        log(f"migrating: {done} of {total} ({step.up_revision_id}) done")

    migrations = app.extensions["migrate"]
    migrations.configure_args["on_version_apply"] = progress
    try:
        upgrade(directory=migrations.directory)
    except SystemExit as error:
        # Flask-Migrate turns some errors into an exit: its cause is what went wrong.
        raise (error.__context__ or RuntimeError("alembic gave up")) from error


def _failed(url: URL, result: Result, what: str, reason: str = "MigrationFailed") -> JobError:
    """The reason, with the revision read again: after a failure it is never assumed to
    be the old one. Where it is not, or is unknown, the reason is MigrationFailed."""
    from superset_job_database import read_facts

    before = result.revision
    try:
        read_facts(url, result)
    except JobError as error:
        result.revision = None
        return JobError("MigrationFailed", f"{what}; the revision could not be read again: {error.message}")
    if result.revision != before:
        result.pending, reason = None, "MigrationFailed"
    now = result.revision or "none (never migrated)"
    if result.database != "postgresql":
        state = f"the revision is {now}, but {result.database} may keep half of a migration: restore the backup"
    elif result.revision == before:
        state = f"rolled back, the revision is still {now}"
    else:
        state = f"the revision is now {now}"
    return JobError(reason, f"{what}; {state}")


def _init() -> None:
    """superset init in a process of its own: the app of this one was made on the
    old schema, and a fresh start on the new one is what the pods will do next."""
    log("superset init: roles and permissions")
    started, last = time.monotonic(), ""
    environment = {"FLASK_APP": "superset.app:create_app()", **os.environ}
    process = subprocess.Popen(
        [sys.executable, "-c", _INIT],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            log(line.rstrip("\n"))
            last = line.strip() or last
    except BaseException:  # stopped: do not leave it behind, writing without the lock
        process.terminate()
        raise
    finally:
        code = process.wait()
    if code:
        raise JobError("InitFailed", f"superset init ended with exit code {code}: {last}")
    log(f"superset init: done in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    superset_job.run("migrate", migrate)
