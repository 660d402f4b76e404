# SPDX-License-Identifier: Apache-2.0
"""Running alembic inside Superset's app, and saying what state a failure left."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from superset_job import JobError, Result, log

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


def run_alembic(app: Any, command: Callable[..., None], what: str, total: int, **arguments: Any) -> None:
    """Runs a command of flask_migrate in the app's context, with a line of log for each
    of the total revisions: what is done to them, such as migrating."""
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
        # Flask-Migrate turns some errors into an exit: its cause is what went wrong.
        raise (error.__context__ or RuntimeError("alembic gave up")) from error


def failed(url: URL, result: Result, what: str, reason: str, otherwise: str) -> JobError:
    """The reason, with the revision read again: after a failure it is never assumed to
    be the old one. Where it is not, or is unknown, the reason is the other one."""
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
                f"{what}; {result.database} may keep half of a migration: restore the backup;"
                f" it stopped between branches, {error.message.split(':')[0]}",
            )
        return JobError(otherwise, f"{what}; the revision could not be read again: {error.message}")
    if result.revision != before:
        result.pending, reason = None, otherwise
    now = result.revision or "none (never migrated)"
    if result.database != "postgresql":
        state = f"the revision is {now}, but {result.database} may keep half of a migration: restore the backup"
    elif result.revision == before:
        state = f"rolled back, the revision is still {now}"
    else:
        state = f"the revision is now {now}"
    return JobError(reason, f"{what}; {state}")
