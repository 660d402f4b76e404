# SPDX-License-Identifier: Apache-2.0
"""Reports the findings of a rehearsal: the effect of upgrade and downgrade on a copy of the
database (rehearse_upgrade.py), and whether the previous release can serve on the migrated
copy (rehearse_serve.py)."""

from __future__ import annotations

import superset_job
import superset_job_scratch
from superset_job import Result, log
from superset_job_findings import read_findings


def rehearse(result: Result) -> None:
    from superset_job_database import database_url

    result.database = database_url().get_backend_name()
    result.rehearsal = {**read_findings("serve"), **read_findings("upgrade")}
    result.revision, result.head = result.rehearsal.pop("from"), result.rehearsal.pop("to")
    for name in ("downgrade", "rolling"):
        log(f"{name}: {result.rehearsal[name]} {result.rehearsal.get(f'{name}Reason', '')}")


if __name__ == "__main__":
    superset_job_scratch.enter()
    superset_job.run("rehearse", rehearse)
