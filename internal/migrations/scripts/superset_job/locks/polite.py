# SPDX-License-Identifier: Apache-2.0
"""The polite migration: migrating under live traffic without deadlocks and without failed
requests.

A plain migration locks tables one by one, and requests lock them in a different order: then
the server ends one of the two. The polite migration locks all tables before it changes any
(locks/tables.py), in the same transaction. On PostgreSQL Superset's whole upgrade is
one transaction, so the locks last until its end, and when its time budget is used up, all of
it is rolled back (locks/budget.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine

from superset_job.database.access import new_engine
from superset_job.database.sessions import holders, name_transaction
from superset_job.locks.budget import Budget, LocksLost, Spent, set_local
from superset_job.locks.tables import LOCKS_OF_OTHERS, lock_tables, sqlstate
from superset_job.report import JobError, Result, Stopped

# Limit for a migration that hangs because of the network or its own second connection. An
# hour, because some migrations connect to each analytics database, reachable or not.
_IDLE_SECONDS = 3600
_START_LOCK_SECONDS = 2.0


@contextmanager
def starting(url: URL) -> Iterator[None]:
    """Starts Superset in the body. Superset adds missing tables that reference others, and
    would wait for these without limit, while writers queue behind it. A polite migration
    limits that wait, and raises JobError TablesBusy."""
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
            "Superset adds tables when it starts, and could not lock the tables that these reference"
            f" within {_START_LOCK_SECONDS:.0f} s; blocked by: {'; '.join(busy) or 'a session that has ended'}",
        ) from error
    finally:
        event.remove(Engine, "begin", limit)
        event.remove(Engine, "handle_error", remember)


@contextmanager
def guarded(url: URL, result: Result, connections: list[Any]) -> Iterator[None]:
    """Runs alembic in the body with a timeout for idle transactions and, if
    SUPERSET_OPERATOR_MAX_LOCK_SECONDS is set, as a polite migration. PostgreSQL only: other
    databases have no transaction around a whole upgrade.

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

    MigrationContext.run_migrations = run_migrations
    try:
        yield
    except (JobError, Stopped):
        raise
    except LocksLost as error:
        raise JobError(
            "MigrationFailed",
            "a migration script had an error and rolled back the transaction, which released the tables' locks,"
            " so the rest was not run under live traffic: read the error in the Job's log",
        ) from error
    except BaseException as error:
        if budget and (isinstance(error, Spent) or budget.spent()):
            raise JobError("LockBudgetExceeded", f"the migration held the tables' locks for longer than {budget.seconds:g} s") from error
        raise
    finally:
        MigrationContext.run_migrations = original
        if budget and result.locks:
            result.locks["heldSeconds"] = round(budget.stop(), 1)


def _max_lock_seconds() -> float:
    """The time budget of a polite migration; 0 for a plain one."""
    return float(os.environ.get("SUPERSET_OPERATOR_MAX_LOCK_SECONDS") or 0)


def _prepare(connection: Connection, idle_seconds: float = _IDLE_SECONDS) -> None:
    """The first statements of the migration's transaction."""
    if connection.exec_driver_sql("SHOW transaction_isolation").scalar() != "read committed":
        # A snapshot from before the locks would miss rows that were written in the meantime.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    name_transaction(connection)
    # The role may have limits that suit the requests of Superset. A migration takes longer.
    set_local(connection, "statement_timeout", 0)
    if connection.dialect.server_version_info >= (17,):
        set_local(connection, "transaction_timeout", 0)
    set_local(connection, "idle_in_transaction_session_timeout", idle_seconds)
