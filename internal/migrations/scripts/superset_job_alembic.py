# SPDX-License-Identifier: Apache-2.0
"""Running alembic inside Superset's app, and reporting the state after a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from superset_job import JobError, Result, log

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


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


def failed(url: URL, result: Result, what: str, reason: str, otherwise: str) -> JobError:
    """The JobError for a failure, with the revision read again: it may have changed. The
    reason is otherwise if the revision changed or cannot be read."""
    from superset_job_database import read_facts

    before = result.revision
    try:
        read_facts(url, result)
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
