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

from superset_job import report
from superset_job.app import secrets
from superset_job.report import JobError, Result, Stopped, log

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import URL


def downgrade(result: Result) -> None:
    from superset_job.revisions.graph import read_graph

    graph = read_graph()
    result.head = graph.head
    try:
        import sqlalchemy  # noqa: F401  (imported here to name what is missing)
    except ImportError as error:
        raise JobError("ImageBroken", f"the image lacks a Python module: {error}") from error
    from superset_job.database.access import check_primary, database_url, read_facts
    from superset_job.locks.lock import migration_lock
    from superset_job.locks.stop import statements_end_on_sigterm

    url, reencryption = database_url(), secrets.direction()
    target = os.environ.get("SUPERSET_OPERATOR_TARGET_REVISION") or None
    check_primary(url, result)
    with statements_end_on_sigterm() as connections, migration_lock(url) as lock:
        read_facts(url, result)
        steps = graph.between(target, result.revision) if target else []
        if reencryption:
            lock.check()
            secrets.reencrypt(reencryption)
        if steps:
            _downgrade(url, result, steps, connections, lock.check)
        else:
            log(f"nothing to downgrade: the database is at {result.revision}")


def _downgrade(url: URL, result: Result, steps: list[str], connections: list[Any], check: Callable[[], None]) -> None:
    from flask_migrate import downgrade as run_downgrade

    from superset_job.app.start import create_app
    from superset_job.database.access import read_facts
    from superset_job.locks.polite import guarded
    from superset_job.revisions.alembic import failure, run_alembic, supervised

    key = secrets.key_of_stored(url)  # some migration scripts read stored secrets

    def set_key(config: Any) -> None:
        config.SECRET_KEY = key

    target = os.environ["SUPERSET_OPERATOR_TARGET_REVISION"]
    app = create_app(set_key)
    log(f"downgrading: {len(steps)} revisions from {result.revision} to {target}")
    started = time.monotonic()
    with supervised(check) as writes:
        try:
            with app.app_context(), guarded(url, result, connections):
                run_alembic(app, run_downgrade, "downgrading", len(steps), revision=target)
        except (Exception, Stopped) as error:
            failed = failure(url, result, error, writes, "DowngradeFailed")
            if secrets.direction():
                failed.message += "; stored secrets are encrypted with the previous secret key already"
            raise failed from error
    read_facts(url, result)
    if result.revision != target:
        raise JobError(
            "DowngradeFailed",
            f"the downgrade ended without an error, but the database is at {result.revision or 'no revision'}"
            f" instead of {target}: read the Job's log",
        )
    log(f"downgraded to {target} in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    report.run("downgrade", downgrade)
