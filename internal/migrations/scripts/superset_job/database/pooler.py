# SPDX-License-Identifier: Apache-2.0
"""Poolers that give the settings of one session to others.

pg_dump sets search_path and more for its session. A pooler in transaction mode gives the server's
connection with these settings to the next client, and the requests of Superset find no table.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError

from superset_job.database.access import classify, connect
from superset_job.report import JobError

# A setting that nothing uses. Every role may set one with a dot in its name.
_MARK = "superset_operator.mark"
_TRIES = 5
_SET = sa.text("SELECT set_config(:name, :value, false)")
_GET = sa.text("SELECT current_setting(:name, true)")


def check_dump(url: URL) -> None:
    """Raises JobError ConfigInvalid if a dump would change the settings of other sessions."""
    try:
        if url.get_backend_name() == "postgresql" and leaks(url):
            raise JobError(
                "ConfigInvalid",
                "the database URI leads to a pooler in transaction mode, through which pg_dump would change the search_path of"
                " other sessions: write the server itself into the URI, or a pool with pool_mode=session, or set"
                " server_reset_query_always=1 in PgBouncer; or set spec.upgrade.backup.command and rehearsal: Never",
            )
    except DBAPIError as error:
        raise classify(error) from error


def leaks(url: URL) -> bool:
    """Whether another session sees a setting of this one. Each statement is a transaction, after
    which a pooler gives the connection of the server to the next client."""
    with connect(url) as first, connect(url) as second:
        for connection in (first, second):
            connection.execution_options(isolation_level="AUTOCOMMIT")
        for _ in range(_TRIES):
            mark = secrets.token_hex(8)
            _set(first, mark)
            if second.execute(_GET, {"name": _MARK}).scalar() == mark:
                _set(second, "")
                return True
            _set(first, "")
    return False


def _set(connection: Connection, value: str) -> None:
    connection.execute(_SET, {"name": _MARK, "value": value})
