# SPDX-License-Identifier: Apache-2.0
"""Running alembic inside Superset's app, and reporting the state after a failure."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from superset_job.report import JobError, Result, Stopped, describe, log

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

# How long the revision is read again after a failure: the database may be restarting.
_READ_AGAIN_SECONDS = 60.0
_PAUSE_SECONDS = 2.0
# Statements that change nothing. All others may have changed something, also if they failed.
_READS = re.compile(r"\s*(SELECT|SHOW|SET|EXPLAIN|DESC|DESCRIBE|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b", re.IGNORECASE)


class Writes:
    """Whether alembic has sent a statement that may change the database."""

    any = False


@contextmanager
def supervised(check: Callable[[], None]) -> Iterator[Writes]:
    """Supervises alembic in the body: calls check before each step, and notes whether a statement
    may have changed the database. After the step it is too late: what check raises there would
    undo the update of the revision, and on MySQL nothing else."""
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    writes, original = Writes(), MigrationContext.run_migrations

    def run_migrations(context: Any, **arguments: Any) -> None:
        steps_of = context._migrations_fn

        def steps(*values: Any) -> Iterator[Any]:
            for step in steps_of(*values):
                check()
                yield step

        context._migrations_fn = steps
        original(context, **arguments)

    def before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        writes.any = writes.any or not _READS.match(statement)

    event.listen(Engine, "before_cursor_execute", before)
    MigrationContext.run_migrations = run_migrations
    try:
        yield writes
    finally:
        MigrationContext.run_migrations = original
        event.remove(Engine, "before_cursor_execute", before)


def run_alembic(app: Any, command: Callable[..., None], what: str, total: int, **arguments: Any) -> None:
    """Runs a command of flask_migrate in the app's context. Logs a line for each of the
    total revisions; what is the operation in that line, such as migrating."""
    done = 0

    def progress(step: Any, **_: Any) -> None:
        nonlocal done
        done += 1
        log(f"{what}: {done} of {total} ({step.up_revision_id}) done")

    migrations = app.extensions["migrate"]
    migrations.configure_args["on_version_apply"] = progress
    try:
        command(directory=migrations.directory, **arguments)
    except SystemExit as error:
        # Flask-Migrate turns some errors into an exit: the context has the error.
        raise (error.__context__ or RuntimeError("alembic failed without an error")) from error


def failure(url: URL, result: Result, error: BaseException, writes: Writes, otherwise: str) -> JobError:
    """The JobError for an error of alembic. Its reason is otherwise, unless another attempt is
    safe and may succeed: the database is unchanged or at a revision, and the error was an
    interruption, a lost connection or a lost lock."""
    from superset_job.database.access import classify, is_unreachable
    from superset_job.locks.held import LockLost

    what, reason = describe(error), otherwise
    if isinstance(error, Stopped):
        what, reason = "stopped by SIGTERM", "Interrupted"
    elif isinstance(error, JobError):
        what, reason = error.message, error.reason
    elif is_unreachable(error):
        what, reason = classify(error).message, "DatabaseUnreachable"
    if isinstance(error, LockLost):
        return _between(url, result, error, otherwise)
    if reason in ("Interrupted", "DatabaseUnreachable") and result.database != "postgresql":
        if not writes.any:
            return JobError(reason, f"{what}; nothing was changed, and it can run again")
        reason = otherwise  # without transactional DDL nobody knows what it has changed
    return failed(url, result, what, reason, otherwise)


def _between(url: URL, result: Result, error: JobError, otherwise: str) -> JobError:
    """The JobError for an error between two steps: the schema is at a revision."""
    try:
        _read_again(url, result)
    except JobError as other:
        return JobError(otherwise, f"{error.message}; the revision could not be read afterwards: {other.message}")
    result.pending = None
    return JobError(error.reason, f"{error.message}; the database is at {result.revision or 'no revision'}")


def _read_again(url: URL, result: Result) -> None:
    """Reads the revision. A database that restarts is asked again. Raises JobError, also if it is
    stopped meanwhile: the failure has happened already."""
    from superset_job.database.access import read_facts

    deadline = time.monotonic() + _READ_AGAIN_SECONDS
    try:
        while True:
            try:
                read_facts(url, result)
                return
            except JobError as error:
                if error.reason != "DatabaseUnreachable" or time.monotonic() >= deadline:
                    raise
            time.sleep(_PAUSE_SECONDS)
    except Stopped as stopped:
        raise JobError("Interrupted", "stopped by SIGTERM") from stopped


def failed(url: URL, result: Result, what: str, reason: str, otherwise: str) -> JobError:
    """The JobError for a failure, with the revision read again: it may have changed. The
    reason is otherwise if the revision changed or cannot be read."""
    before = result.revision
    try:
        _read_again(url, result)
    except JobError as error:
        result.revision = None
        if error.reason == "MultipleHeads":
            result.pending = None
            return JobError(
                otherwise,
                f"{what}; {result.database} may be left partially migrated: restore the backup;"
                f" it stopped between branches, {error.message.split(':')[0]}",
            )
        return JobError(otherwise, f"{what}; the revision could not be read afterwards: {error.message}")
    if result.revision != before:
        result.pending, reason = None, otherwise
    now = result.revision or "none (never migrated)"
    if result.database != "postgresql":
        state = f"the revision is {now}, but {result.database} may be left partially migrated: restore the backup"
    elif result.revision == before:
        state = f"rolled back, the revision is still {now}"
    else:
        state = f"the revision is now {now}"
    return JobError(reason, f"{what}; {state}")
