# SPDX-License-Identifier: Apache-2.0
"""Migrates the metadata database to this image's head, then runs superset init and the steps of spec.init.

An advisory lock is held from before Superset starts, because it writes tables, until after
them, because two concurrent superset init fail. Therefore two operators, clusters or
namespaces that share a database cannot migrate it at the same time. If the database is at
the head already, only superset init runs. On request a missing database is created first,
and stored secrets are re-encrypted with a new key before superset init.
"""

from __future__ import annotations

import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any

from superset_job import report
from superset_job.report import JobError, Result, Stopped, log

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import URL

_INIT = "from superset.cli.main import superset; superset(args=['init'])"
_FLASK_APP = "superset.app:create_app()"
_INIT_TRIES = 3
_INIT_PAUSE_SECONDS = 5.0
# Errors of the database by which superset init fails while pods write the same rows, or that a
# lost connection causes.
_CLASH = re.compile(
    r"\b(IntegrityError|OperationalError|StaleDataError|ObjectDeletedError|PendingRollbackError|UniqueViolation"
    r"|ForeignKeyViolation|DeadlockDetected|SerializationFailure|LockNotAvailable|duplicate key|Duplicate entry)\b"
)


def migrate(result: Result) -> None:
    from superset_job.revisions.graph import read_graph

    graph = read_graph()
    result.head = graph.head
    try:
        import sqlalchemy  # noqa: F401  (imported here to name what is missing)
    except ImportError as error:
        raise JobError("ImageBroken", f"the image lacks a Python module: {error}") from error
    from superset_job.app.secrets import direction, reencrypt
    from superset_job.database import create
    from superset_job.database.access import check_primary, database_url, read_facts, read_only
    from superset_job.database.identity import read_identity
    from superset_job.init.steps import run as run_steps
    from superset_job.locks.lock import migration_lock
    from superset_job.locks.stop import statements_end_on_sigterm

    url, reencryption = database_url(), direction()
    if create.wanted() and create.missing(url):
        create.create(url)
    check_primary(url, result)
    with read_only(url) as connection:
        read_identity(url, connection, result)
    with statements_end_on_sigterm() as connections, migration_lock(url) as lock:
        read_facts(url, result)
        result.pending = graph.pending(result.revision)
        if result.pending:
            _upgrade(url, result, connections, lock.check)
        else:
            log(f"nothing to migrate: the database is at {result.head}")
        if reencryption:
            lock.check()
            reencrypt(reencryption)
        _init(lock.check)
        run_steps(result, lock.check)


def _upgrade(url: URL, result: Result, connections: list[Any], check: Callable[[], None]) -> None:
    from flask_migrate import upgrade

    from superset_job.app.secrets import key_of_stored
    from superset_job.app.start import create_app
    from superset_job.database.access import read_facts
    from superset_job.locks.polite import guarded, starting
    from superset_job.revisions.alembic import failure, run_alembic, supervised

    key = key_of_stored(url)  # some migration scripts read stored secrets

    def set_key(config: Any) -> None:
        config.SECRET_KEY = key

    with starting(url):
        app = create_app(set_key)
    pending = result.pending or []
    log(f"migrating: {len(pending)} revisions from {result.revision or 'nothing'} to {result.head}")
    started = time.monotonic()
    with supervised(check) as writes:
        try:
            with app.app_context(), guarded(url, result, connections):
                run_alembic(app, upgrade, "migrating", len(pending))
        except (Exception, Stopped) as error:
            raise failure(url, result, error, writes, "MigrationFailed") from error
    read_facts(url, result)
    if result.revision != result.head:
        raise JobError(
            "RevisionMismatch",
            f"the migration ended without an error, but the database is at {result.revision or 'no revision'}"
            f" instead of {result.head}: read the Job's log",
        )
    result.pending = []
    log(f"migrated to {result.head} in {time.monotonic() - started:.1f} s")


def _init(check: Callable[[], None]) -> None:
    """Runs superset init, which can be repeated. Pods that start write the same permissions, and
    then one of the two may fail: it runs up to three times. After any other error it does not."""
    from superset_job.app.child import ChildFailed

    for left in reversed(range(_INIT_TRIES)):
        check()
        try:
            _init_once()
            return
        except ChildFailed as error:
            if not left or not _CLASH.search(error.output):
                raise
            log(f"superset init runs again in {_INIT_PAUSE_SECONDS:.0f} s, because it met other writers: {error.message}")
        time.sleep(_INIT_PAUSE_SECONDS)


def _init_once() -> None:
    """Runs superset init in a new process: the app of this process was created on the old
    schema, and the pods will start on the new one, too."""
    from superset_job.app.child import PROGRAM, run_child
    from superset_job.init.wanted import wanted

    log("superset init: roles and permissions")
    started = time.monotonic()
    work = [PROGRAM, "init_keep"] if wanted().roles == "Keep" else ["-c", _INIT]
    run_child("superset init", "InitFailed", [sys.executable, *work], {"FLASK_APP": os.environ.get("FLASK_APP") or _FLASK_APP})
    log(f"superset init: done in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    report.run("migrate", migrate)
