# SPDX-License-Identifier: Apache-2.0
"""Reports the findings of a rehearsal: the effect of upgrade and downgrade on a copy of the
database (rehearse_upgrade.py), and whether the previous release can serve on the migrated
copy (rehearse_serve.py)."""

from __future__ import annotations

from superset_job import report
from superset_job.copies import scratch
from superset_job.copies.findings import read_findings
from superset_job.report import Result, log


def rehearse(result: Result) -> None:
    from superset_job.database.access import database_url

    result.database = database_url().get_backend_name()
    found = {**read_findings("serve"), **read_findings("upgrade")}
    result.revision, result.head, result.rehearsal = found.pop("from"), found.pop("to"), found
    for name in ("downgrade", "rolling"):
        log(f"{name}: {found[name]} {found.get(f'{name}Reason', '')}")


if __name__ == "__main__":
    scratch.enter()
    report.run("rehearse", rehearse)
