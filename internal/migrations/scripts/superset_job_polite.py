# SPDX-License-Identifier: Apache-2.0
"""Migrating while others use the tables, without a deadlock and without one of
their requests failing.

A plain migration takes its locks one by one as it goes, and requests take theirs
in another order: one of the two is ended by the server. The polite one locks every
table before it begins, in its own transaction, and never waits for one as long as
the server takes to look for a deadlock: what it cannot have at once it lets go,
and tries again. On PostgreSQL Superset's whole upgrade is one transaction, so the
locks last until its end, and a budget of time can take all of it back.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError

from superset_job import JobError, Result, Stopped, log
from superset_job_budget import Budget, LocksLost, Spent, set_local
from superset_job_sessions import holders, name_transaction

_DEFAULT_WAIT_SECONDS = 60
# For a migration that the network or its own second connection has hung: an hour,
# because some ask every analytics database in turn, reachable or not.
_IDLE_SECONDS = 3600
_IDLE_BETWEEN_TRIES_SECONDS = 60
_ONE_LOCK_SECONDS = 0.2  # lock_timeout counts anew for each table,
_ALL_LOCKS_SECONDS = 0.5  # so the try as a whole has a limit too
_PAUSE_SECONDS = (0.05, 0.3)

# lock_not_available, query_canceled, deadlock_detected; undefined_table: dropped
# since it was listed.
_TRY_AGAIN = ("55P03", "57014", "40P01", "42P01")

_OWN = """
c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE')
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
# A partitioned table is locked with its partitions.
_TABLES = f"""
SELECT quote_ident(current_schema()) || '.' || quote_ident(c.relname)
FROM pg_class c WHERE NOT c.relispartition AND {_OWN} ORDER BY c.oid
"""
_LOCKS_OF_OTHERS = f"locktype = 'relation' AND relation IN (SELECT c.oid FROM pg_class c WHERE {_OWN})"


@contextmanager
def guarded(url: URL, result: Result, connections: list[Any]) -> Iterator[None]:
    """Lets alembic migrate in the body with a limit to a hung transaction and, if
    SUPERSET_OPERATOR_MAX_LOCK_SECONDS is set, politely. PostgreSQL only: the others
    have no transaction around a whole upgrade.

    Raises JobError TablesBusy, LockBudgetExceeded or MigrationFailed (locks lost)."""
    if url.get_backend_name() != "postgresql":
        yield
        return
    from alembic.runtime.migration import MigrationContext

    limit = os.environ.get("SUPERSET_OPERATOR_MAX_LOCK_SECONDS")
    budget = Budget(float(limit), connections) if limit else None
    original = MigrationContext.run_migrations

    def run_migrations(context: Any, **arguments: Any) -> None:
        _prepare(context.connection)
        if budget:
            lock_tables(context.connection, result)
            budget.start(context.connection)
        original(context, **arguments)
        if budget:
            budget.check()

    MigrationContext.run_migrations = run_migrations  # type: ignore[method-assign]
    try:
        yield
    except (JobError, Stopped):
        raise
    except LocksLost as error:
        raise JobError(
            "MigrationFailed",
            "a migration script met an error and rolled back the transaction, which let go of the tables' locks,"
            " so the rest was not run while others use them: look for the error in the Job's log",
        ) from error
    except BaseException as error:
        if budget and (isinstance(error, Spent) or budget.spent()):
            raise JobError(
                "LockBudgetExceeded", f"the migration needed the tables' locks for longer than {budget.seconds:g} s"
            ) from error
        raise
    finally:
        MigrationContext.run_migrations = original  # type: ignore[method-assign]
        if budget and result.locks:
            result.locks["heldSeconds"] = round(budget.stop(), 1)


def _prepare(connection: Connection, idle_seconds: float = _IDLE_SECONDS) -> None:
    """The first statements of the migration's transaction."""
    if connection.exec_driver_sql("SHOW transaction_isolation").scalar() != "read committed":
        # A snapshot from before the locks would not see what was written meanwhile.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    name_transaction(connection)
    set_local(connection, "idle_in_transaction_session_timeout", idle_seconds)


def lock_tables(connection: Connection, result: Result) -> None:
    """Locks all of the schema's own tables in the open transaction; raises TablesBusy
    when the window for it is over."""
    window = float(os.environ.get("SUPERSET_OPERATOR_TABLE_WAIT_SECONDS") or _DEFAULT_WAIT_SECONDS)
    set_local(connection, "idle_in_transaction_session_timeout", _IDLE_BETWEEN_TRIES_SECONDS)
    one, all_of_them = _limits(connection)
    began, busy = time.monotonic(), list[str]()
    for tries in range(1, 1_000_000):
        count = _try(connection, one, all_of_them)
        waited = time.monotonic() - began
        if count is None:
            busy = holders(connection, _LOCKS_OF_OTHERS) or busy
        result.locks = {"tries": tries, "waitSeconds": round(waited, 1), "heldSeconds": 0.0, "tables": count or 0}
        if count is not None:
            log(f"locked {count} tables after {tries} tries in {waited:.1f} s")
            return
        if waited >= window:
            break
        if tries in (1, 10, 100):
            log(f"the tables are in use, trying on for up to {window:.0f} s; in the way: {'; '.join(busy)}")
        time.sleep(random.uniform(*_PAUSE_SECONDS))
    raise JobError(
        "TablesBusy",
        f"the tables could not all be locked at once within {window:.0f} s ({tries} tries);"
        f" in the way: {'; '.join(busy) or 'short transactions, one after another'}",
    )


def _limits(connection: Connection) -> tuple[float, float]:
    """Seconds to wait for one lock and for all: less than the server lets pass before
    it looks for a deadlock, or it would find one and end somebody's request."""
    deadlock = "SELECT setting::float / 1000 FROM pg_settings WHERE name = 'deadlock_timeout'"  # kept in ms
    seconds = connection.exec_driver_sql(deadlock).scalar() or 1.0
    return min(_ONE_LOCK_SECONDS, seconds / 4), min(_ALL_LOCKS_SECONDS, seconds / 2)


def _try(connection: Connection, one: float, all_of_them: float) -> int | None:
    """Tries once to lock all tables. Returns their number, or None with no lock held."""
    connection.exec_driver_sql("SAVEPOINT superset_operator")
    try:
        names = [row[0] for row in connection.exec_driver_sql(_TABLES)]
        set_local(connection, "lock_timeout", one)
        set_local(connection, "statement_timeout", all_of_them)
        if names:
            # text() takes care of "%"; a colon it must be told of.
            lock = f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE".replace(":", r"\:")
            connection.execute(sa.text(lock))
    except DBAPIError as error:
        if sqlstate(error) not in _TRY_AGAIN:
            raise
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT superset_operator")
        return None
    connection.exec_driver_sql("RELEASE SAVEPOINT superset_operator")
    return len(names)


def sqlstate(error: DBAPIError) -> str | None:
    """The server's code for an error, which each driver keeps elsewhere."""
    original: Any = error.orig
    if original.args and isinstance(original.args[0], dict):  # pg8000
        return original.args[0].get("C")
    return getattr(original, "pgcode", None) or getattr(original, "sqlstate", None)
