# SPDX-License-Identifier: Apache-2.0
"""Reports whether a backup can be restored, as prepare.py and load.sh have found."""

from __future__ import annotations

import superset_job
from superset_job import Result
from superset_job_outcome import custom, read_note


def check(result: Result) -> None:
    if not custom():
        read_note("RestoreFailed")


if __name__ == "__main__":
    superset_job.run("restore-check", check)
