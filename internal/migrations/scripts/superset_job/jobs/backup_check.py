# SPDX-License-Identifier: Apache-2.0
"""Reports whether a backup can be taken, as prepare.py and backup_check.sh have found."""

from __future__ import annotations

from superset_job import report
from superset_job.copies.outcome import custom, read_note
from superset_job.report import Result


def check(result: Result) -> None:
    if not custom():
        result.facts |= {"backupNote": note} if (note := read_note("BackupFailed")) else {}


if __name__ == "__main__":
    report.run("backup-check", check)
