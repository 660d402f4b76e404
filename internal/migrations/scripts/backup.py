# SPDX-License-Identifier: Apache-2.0
"""Reports the backup that dump.sh, or a user's own command, has made.

The database is read once more: a revision that moved while it was dumped means that
somebody else migrates it, and then the backup is not the way back from here.
"""

from __future__ import annotations

import superset_job
from superset_job import JobError, Result
from superset_job_outcome import custom, read_outcome


def backup(result: Result) -> None:
    from superset_job_database import database_url, read_facts

    read_outcome(result, "BackupFailed")
    read_facts(database_url(), result)
    assert result.backup is not None
    held = result.revision or ""
    if custom():
        result.backup["revision"] = held
    elif result.backup["revision"] != held:
        raise JobError(
            "BackupFailed",
            f"the backup holds the revision {result.backup['revision'] or 'none'}, and the database is at"
            f" {held or 'none'} now: something else migrates it",
        )


if __name__ == "__main__":
    superset_job.run("backup", backup)
