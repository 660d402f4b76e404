# SPDX-License-Identifier: Apache-2.0
"""Reports the backup that dump.sh or the user's command made.

The database's revision is read again: if it changed during the dump, something else migrates
the database, and the backup cannot be used for a rollback.
"""

from __future__ import annotations

from superset_job import report
from superset_job.copies.outcome import custom, read_outcome
from superset_job.report import JobError, Result


def backup(result: Result) -> None:
    from superset_job.database.access import database_url, read_facts, read_only
    from superset_job.database.identity import read_identity

    read_outcome(result, "BackupFailed")
    url = database_url()
    read_facts(url, result)
    with read_only(url) as connection:
        read_identity(url, connection, result)
    assert result.backup is not None
    current = result.revision or ""
    if custom():
        result.backup["revision"] = current
    elif result.backup["revision"] != current:
        raise JobError(
            "BackupFailed",
            f"the backup has revision {result.backup['revision'] or 'none'}, but the database is at"
            f" {current or 'none'} now: something else migrates it; stop that first",
        )


if __name__ == "__main__":
    report.run("backup", backup)
