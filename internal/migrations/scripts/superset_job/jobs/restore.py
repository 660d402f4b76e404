# SPDX-License-Identifier: Apache-2.0
"""Reports the restore by load.sh or the user's command.

The database's revision is read again, and must be the requested one. If the restore could not
lock the database, the message names the blocking sessions.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from superset_job import report
from superset_job.copies.outcome import custom, read_outcome
from superset_job.report import JobError, Result, log

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


def restore(result: Result) -> None:
    from superset_job.database.access import database_url, read_facts

    url = database_url()
    try:
        read_outcome(result, "RestoreFailed")
    except JobError as error:
        raise _with_blockers(url, result, error) from error
    read_facts(url, result)
    assert result.backup is not None
    if custom():
        result.backup["revision"] = result.revision or ""
    wanted = os.environ.get("SUPERSET_OPERATOR_EXPECTED_REVISION") or str(result.backup["revision"])
    if (result.revision or "") != wanted:
        raise JobError(
            "RestoreFailed",
            f"the backup was restored, but the database is at {result.revision or 'no revision'} instead of"
            f" {wanted or 'none'}: something else migrates it, or the command restored a different backup",
        )


def _with_blockers(url: URL, result: Result, error: JobError) -> JobError:
    """The error, with the blocking sessions in its message. Puts the revision into the
    result."""
    from superset_job.database.access import new_engine, read_facts
    from superset_job.database.sessions import holders
    from superset_job.locks.lock import holder_of_lock
    from superset_job.locks.tables import LOCKS_OF_OTHERS

    busy: list[str] = []
    try:
        with new_engine(url).connect() as connection:
            if error.reason == "LockTimeout":
                busy = [holder_of_lock(connection, url)]
            elif error.reason == "TablesBusy":
                busy = holders(connection, LOCKS_OF_OTHERS)
        read_facts(url, result)
    except Exception as other:  # the first error is the cause
        log(f"the database's revision could not be read: {report.describe(other)}")
    return JobError(error.reason, error.message + (f"; blocked by: {'; '.join(busy)}" if busy else ""))


if __name__ == "__main__":
    report.run("restore", restore)
