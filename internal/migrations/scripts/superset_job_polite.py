# SPDX-License-Identifier: Apache-2.0
"""Migrating while others use the tables, without a deadlock and without one of
their requests failing.

A plain migration takes its locks one by one as it goes, and requests take theirs
in another order: one of the two is ended by the server. The polite one locks every
table before it begins (superset_job_tables.py), in its own transaction. On
PostgreSQL Superset's whole upgrade is one transaction, so the locks last until its
end, and a budget of time can take all of it back (superset_job_budget.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine

from superset_job import JobError, Result, Stopped
from superset_job_budget import Budget, LocksLost, Spent, set_local
from superset_job_database import new_engine
from superset_job_sessions import holders, name_transaction
from superset_job_tables import LOCKS_OF_OTHERS, lock_tables, sqlstate

# For a migration that the network or its own second connection has hung: an hour,
# because some ask every analytics database in turn, reachable or not.
_IDLE_SECONDS = 3600
_START_LOCK_SECONDS = 2.0


@contextmanager
def starting(url: URL) -> Iterator[None]:
    """Lets Superset start in the body. It adds tables that it misses, with references
    to others, and would wait for those without end, with everyone who wants to write
    behind it. Politely, it gives up soon. Raises JobError TablesBusy."""
    if url.get_backend_name() != "postgresql" or not _max_lock_seconds():
        yield
        return
    refused: list[BaseException] = []

    def limit(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            set_local(connection, "lock_timeout", _START_LOCK_SECONDS)

    def remember(context: Any) -> None:
        if sqlstate(context.sqlalchemy_exception) == "55P03":
            refused.append(context.sqlalchemy_exception)

    event.listen(Engine, "begin", limit)
    event.listen(Engine, "handle_error", remember)
    try:
        yield
    except JobError as error:
        if not refused:
            raise
        with new_engine(url).connect() as connection:
            busy = holders(connection, LOCKS_OF_OTHERS)
        raise JobError(
            "TablesBusy",
            "Superset adds tables when it starts, and could not lock the ones that these refer to"
            f" within {_START_LOCK_SECONDS:.0f} s; in the way: {'; '.join(busy) or 'somebody who has left'}",
        ) from error
    finally:
        event.remove(Engine, "begin", limit)
        event.remove(Engine, "handle_error", remember)


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

    seconds = _max_lock_seconds()
    budget = Budget(seconds, connections) if seconds else None
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


def _max_lock_seconds() -> float:
    """0 for a plain migration."""
    return float(os.environ.get("SUPERSET_OPERATOR_MAX_LOCK_SECONDS") or 0)


def _prepare(connection: Connection, idle_seconds: float = _IDLE_SECONDS) -> None:
    """The first statements of the migration's transaction."""
    if connection.exec_driver_sql("SHOW transaction_isolation").scalar() != "read committed":
        # A snapshot from before the locks would not see what was written meanwhile.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    name_transaction(connection)
    set_local(connection, "idle_in_transaction_session_timeout", idle_seconds)
