# SPDX-License-Identifier: Apache-2.0
"""Takes the schema back to the revision of the release before, with this image's
scripts: the newer release's, as the older one does not know how.

Before that, what is stored is encrypted with the previous key again, where the key
was changed. On PostgreSQL the whole downgrade is one transaction, so one that fails
changes nothing; elsewhere it may leave half of it. A database that is at the target
already is a success.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import superset_job
import superset_job_secrets
from superset_job import JobError, Result, Stopped, describe, log

if TYPE_CHECKING:
    from sqlalchemy.engine import URL



def downgrade(result: Result) -> None:
    from superset_job_graph import read_graph

    graph = read_graph()
    result.head = graph.head
    try:
        import sqlalchemy  # noqa: F401  (asked for here to name what is missing)
    except ImportError as error:
        raise JobError("ImageBroken", f"the image misses a Python module: {error}") from error
    from superset_job_database import check_primary, database_url, read_facts
    from superset_job_lock import migration_lock
    from superset_job_stop import statements_end_on_sigterm

    url, way = database_url(), superset_job_secrets.direction()
    target = os.environ.get("SUPERSET_OPERATOR_TARGET_REVISION") or None
    check_primary(url, result)
    try:
        with statements_end_on_sigterm() as connections, migration_lock(url):
            read_facts(url, result)
            steps = graph.between(target, result.revision) if target else []
            if way:
                superset_job_secrets.reencrypt(way)
            if steps:
                _take_back(url, result, target, steps, connections)
            else:
                log(f"nothing to take back: the database is at {result.revision}")
    except Stopped as stopped:
        raise _failed(url, result, "stopped by SIGTERM") from stopped


def _take_back(url: URL, result: Result, target: str | None, steps: list[str], connections: list[Any]) -> None:
    from flask_migrate import downgrade as take_back

    from superset_job_alembic import run_alembic
    from superset_job_app import create_app
    from superset_job_database import read_facts
    from superset_job_polite import guarded

    key = superset_job_secrets.key_of_stored(url)  # some scripts read what is stored

    def unlock(config: Any) -> None:
        config.SECRET_KEY = key

    app = create_app(unlock)
    log(f"taking back: {len(steps)} revisions from {result.revision} to {target}")
    started = time.monotonic()
    try:
        with app.app_context(), guarded(url, result, connections):
            run_alembic(app, take_back, "taking back", len(steps), revision=target)
    except Exception as error:
        what = error.message if isinstance(error, JobError) else describe(error)
        if superset_job_secrets.direction():
            what += "; what is stored is encrypted with the previous secret key already"
        raise _failed(url, result, what) from error
    read_facts(url, result)
    if result.revision != target:
        raise JobError(
            "DowngradeFailed",
            f"the downgrade ended without an error, but the database is at {result.revision or 'no revision'}"
            f" instead of {target}: look at the Job's log",
        )
    log(f"taken back to {target} in {time.monotonic() - started:.1f} s")


def _failed(url: URL, result: Result, what: str) -> JobError:
    from superset_job_alembic import failed

    return failed(url, result, what, "DowngradeFailed", "DowngradeFailed")


if __name__ == "__main__":
    superset_job.run("downgrade", downgrade)
