# SPDX-License-Identifier: Apache-2.0
"""Reports whether a backup can be restored, as prepare.py and load.sh have found."""

from __future__ import annotations

from superset_job import report
from superset_job.copies.outcome import custom, read_note
from superset_job.report import Result


def check(result: Result) -> None:
    if not custom():
        read_note("RestoreFailed")


if __name__ == "__main__":
    report.run("restore-check", check)
