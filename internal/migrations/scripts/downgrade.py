# SPDX-License-Identifier: Apache-2.0
"""Downgrades the schema to the revision of the previous release, with the scripts of this
image: it is that of the newer release, because the older one does not have the scripts.

If the secret key was changed, stored secrets are re-encrypted with the previous key first. On
PostgreSQL the whole downgrade is one transaction, so a failed downgrade changes nothing;
elsewhere it may leave the schema partially migrated. If the database is at the target
already, the script succeeds.
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
        import sqlalchemy  # noqa: F401  (imported here to name what is missing)
    except ImportError as error:
        raise JobError("ImageBroken", f"the image lacks a Python module: {error}") from error
    from superset_job_database import check_primary, database_url, read_facts
    from superset_job_lock import migration_lock
    from superset_job_stop import statements_end_on_sigterm

    url, reencryption = database_url(), superset_job_secrets.direction()
    target = os.environ.get("SUPERSET_OPERATOR_TARGET_REVISION") or None
    check_primary(url, result)
    with statements_end_on_sigterm() as connections, migration_lock(url):
        read_facts(url, result)
        steps = graph.between(target, result.revision) if target else []
        if reencryption:
            superset_job_secrets.reencrypt(reencryption)
        if steps:
            _downgrade(url, result, target, steps, connections)
        else:
            log(f"nothing to downgrade: the database is at {result.revision}")


def _downgrade(url: URL, result: Result, target: str | None, steps: list[str], connections: list[Any]) -> None:
    from flask_migrate import downgrade as run_downgrade

    from superset_job_alembic import run_alembic
    from superset_job_app import create_app
    from superset_job_database import read_facts
    from superset_job_polite import guarded

    key = superset_job_secrets.key_of_stored(url)  # some migration scripts read stored secrets

    def set_key(config: Any) -> None:
        config.SECRET_KEY = key

    app = create_app(set_key)
    log(f"downgrading: {len(steps)} revisions from {result.revision} to {target}")
    started = time.monotonic()
    try:
        with app.app_context(), guarded(url, result, connections):
            run_alembic(app, run_downgrade, "downgrading", len(steps), revision=target)
    except Stopped as stopped:
        # Without transactional DDL nobody knows what it has changed.
        reason = "Interrupted" if result.database == "postgresql" else "DowngradeFailed"
        raise _failed(url, result, "stopped by SIGTERM", reason) from stopped
    except Exception as error:
        what = error.message if isinstance(error, JobError) else describe(error)
        if superset_job_secrets.direction():
            what += "; stored secrets are encrypted with the previous secret key already"
        raise _failed(url, result, what) from error
    read_facts(url, result)
    if result.revision != target:
        raise JobError(
            "DowngradeFailed",
            f"the downgrade ended without an error, but the database is at {result.revision or 'no revision'}"
            f" instead of {target}: read the Job's log",
        )
    log(f"downgraded to {target} in {time.monotonic() - started:.1f} s")


def _failed(url: URL, result: Result, what: str, reason: str = "DowngradeFailed") -> JobError:
    from superset_job_alembic import failed

    return failed(url, result, what, reason, "DowngradeFailed")


if __name__ == "__main__":
    superset_job.run("downgrade", downgrade)
