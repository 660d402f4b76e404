# SPDX-License-Identifier: Apache-2.0
"""Locking all of the schema's own tables at once, or none.

An attempt waits for a lock less than the server's deadlock_timeout. If a lock is not
available by then, all locks are released, and the attempt is repeated after a pause.
"""

from __future__ import annotations

import os
import random
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from superset_job.database.sessions import holders
from superset_job.locks.budget import set_local
from superset_job.report import JobError, Result, log

_DEFAULT_WAIT_SECONDS = 60
_IDLE_BETWEEN_TRIES_SECONDS = 60
_ONE_LOCK_SECONDS = 0.2  # lock_timeout starts again for each table,
_ALL_LOCKS_SECONDS = 0.5  # so the attempt as a whole has a limit, too
_PAUSE_SECONDS = (0.05, 0.3)

# lock_not_available, query_canceled, deadlock_detected; undefined_table: dropped after it was
# listed.
_TRY_AGAIN = ("55P03", "57014", "40P01", "42P01")

_OWN = """
c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE')
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
# Partitions are locked with their table.
_TABLES = f"""
SELECT quote_ident(current_schema()) || '.' || quote_ident(c.relname)
FROM pg_class c WHERE NOT c.relispartition AND {_OWN} ORDER BY c.oid
"""
LOCKS_OF_OTHERS = f"locktype = 'relation' AND relation IN (SELECT c.oid FROM pg_class c WHERE {_OWN})"


def lock_tables(connection: Connection, result: Result) -> None:
    """Locks all of the schema's own tables in the open transaction. Tries for up to
    SUPERSET_OPERATOR_TABLE_WAIT_SECONDS (default 60), then raises JobError TablesBusy."""
    window = float(os.environ.get("SUPERSET_OPERATOR_TABLE_WAIT_SECONDS") or _DEFAULT_WAIT_SECONDS)
    set_local(connection, "idle_in_transaction_session_timeout", _IDLE_BETWEEN_TRIES_SECONDS)
    one, all_of_them = _limits(connection)
    began, busy = time.monotonic(), list[str]()
    for tries in range(1, 1_000_000):
        count = _try(connection, one, all_of_them)
        waited = time.monotonic() - began
        if count is None:
            busy = holders(connection, LOCKS_OF_OTHERS) or busy
        result.locks = {"tries": tries, "waitSeconds": round(waited, 1), "heldSeconds": 0.0}
        if count is not None:
            log(f"locked {count} tables after {tries} attempts in {waited:.1f} s")
            return
        if waited >= window:
            break
        if tries in (1, 10, 100):
            log(f"the tables are in use, trying again for up to {window:.0f} s; blocked by: {'; '.join(busy)}")
        time.sleep(random.uniform(*_PAUSE_SECONDS))
    raise JobError(
        "TablesBusy",
        f"the tables could not all be locked at once within {window:.0f} s ({tries} attempts);"
        f" blocked by: {'; '.join(busy) or 'a series of short transactions'}",
    )


def _limits(connection: Connection) -> tuple[float, float]:
    """Seconds to wait for one lock and for all locks. Both are less than deadlock_timeout:
    otherwise the server would detect a deadlock and end a request."""
    deadlock = "SELECT setting::float / 1000 FROM pg_settings WHERE name = 'deadlock_timeout'"  # kept in ms
    seconds = connection.exec_driver_sql(deadlock).scalar() or 1.0
    return min(_ONE_LOCK_SECONDS, seconds / 4), min(_ALL_LOCKS_SECONDS, seconds / 2)


def _try(connection: Connection, one: float, all_of_them: float) -> int | None:
    """Tries once to lock all tables. Returns their number, or None if it holds no lock."""
    connection.exec_driver_sql("SAVEPOINT superset_operator")
    try:
        names = [row[0] for row in connection.exec_driver_sql(_TABLES)]
        set_local(connection, "lock_timeout", one)
        set_local(connection, "statement_timeout", all_of_them)
        if names:
            # text() escapes "%", but not a colon.
            lock = f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE".replace(":", r"\:")
            connection.execute(sa.text(lock))
    except DBAPIError as error:
        if sqlstate(error) not in _TRY_AGAIN:
            raise
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT superset_operator")
        return None
    connection.exec_driver_sql("RELEASE SAVEPOINT superset_operator")
    return len(names)


def sqlstate(error: Any) -> str | None:
    """The SQLSTATE of an error, which each driver stores in a different place."""
    original: Any = getattr(error, "orig", None)
    if original is None:
        return None
    if original.args and isinstance(original.args[0], dict):  # pg8000
        return original.args[0].get("C")
    return getattr(original, "pgcode", None) or getattr(original, "sqlstate", None)
