# SPDX-License-Identifier: Apache-2.0
"""The lock that prevents concurrent migrations of a database."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError

from superset_job.database.access import classify, connect
from superset_job.database.sessions import holders, mysql_holder, name_transaction
from superset_job.locks.held import Held
from superset_job.report import JobError, log

_POLL_SECONDS = 1.0
_DEFAULT_WAIT_SECONDS = 60
_NAME = "superset-operator migration"


@contextmanager
def migration_lock(url: URL) -> Iterator[Held]:
    """Holds the database's migration lock, on a connection that accesses no table. Waits up to
    SUPERSET_OPERATOR_LOCK_WAIT_SECONDS (default 60) for it, then raises JobError LockTimeout.
    The body asks Held whether the lock was lost before each step.

    On PostgreSQL the lock belongs to an open transaction, because a transaction pooler loses a
    lock of the session. There is none for SQLite, which is a file of one pod."""
    if url.get_backend_name() == "sqlite":
        yield Held(None, "")
        return
    connection = _connect(url)
    held = Held(connection, _still_held(connection.dialect.name, lock_name(connection.dialect.name, url.database or "")))
    try:
        _obtain(connection, url, float(os.environ.get("SUPERSET_OPERATOR_LOCK_WAIT_SECONDS") or _DEFAULT_WAIT_SECONDS))
        held.keep()
        yield held
    finally:
        held.release()


def _connect(url: URL) -> Connection:
    try:
        connection = connect(url)
        connection.begin()
        if connection.dialect.name == "postgresql":
            name_transaction(connection)
            # This transaction is idle on purpose: the server must not end it.
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            if connection.dialect.server_version_info >= (17,):
                connection.exec_driver_sql("SET LOCAL transaction_timeout = 0")
        return connection
    except DBAPIError as error:
        raise classify(error) from error


def _obtain(connection: Connection, url: URL, wait_seconds: float) -> None:
    lock = lock_name(connection.dialect.name, url.database or "")
    statement = _statement(connection.dialect.name, lock)
    deadline, waiting = time.monotonic() + wait_seconds, False
    while True:
        try:
            if connection.exec_driver_sql(statement).scalar() in (True, 1):
                return
            holder = _holder(connection, lock)
        except DBAPIError as error:
            raise classify(error) from error
        if time.monotonic() >= deadline:
            raise JobError(
                "LockTimeout",
                f"another migration of this database was still running after {wait_seconds:.0f} s,"
                f" that of {holder}: wait until it ends; it may run in another namespace or cluster",
            )
        if not waiting:
            log(f"waiting up to {wait_seconds:.0f} s for another migration of this database to end: {holder}")
            waiting = True
        time.sleep(_POLL_SECONDS)


def lock_name(dialect: str, database: str) -> str:
    """PostgreSQL's advisory locks are numbers, per database. MySQL's are names of at most 64
    characters, per server, so the name has a hash that includes the database's name."""
    if dialect == "postgresql":
        return str(int.from_bytes(hashlib.sha256(_NAME.encode()).digest()[:8], "big", signed=True))
    name = hashlib.sha256(f"{_NAME} {database}".encode()).hexdigest()[:40]
    return f"superset-operator.{name}"


def _statement(dialect: str, lock: str) -> str:
    if dialect == "postgresql":
        return f"SELECT pg_try_advisory_xact_lock({lock})"
    return f"SELECT GET_LOCK('{lock}', 0)"


def _still_held(dialect: str, lock: str) -> str:
    """The query that returns 1 as long as the session holds the lock. On PostgreSQL the lock
    belongs to the transaction: it is held as long as any statement succeeds in it."""
    return "SELECT 1" if dialect == "postgresql" else f"SELECT IS_USED_LOCK('{lock}') = CONNECTION_ID()"


def holder_of_lock(connection: Connection, url: URL) -> str:
    """A description of the session that holds the migration lock of the database."""
    return _holder(connection, lock_name(connection.dialect.name, url.database or ""))


def _holder(connection: Connection, lock: str) -> str:
    if connection.dialect.name == "postgresql":
        high, low = divmod(int(lock) % 2**64, 2**32)  # how pg_locks shows a 64-bit key
        found = holders(connection, f"locktype = 'advisory' AND classid = {high} AND objid = {low} AND objsubid = 1")
    else:
        found = mysql_holder(connection, lock)
    return found[0] if found else "a session that has just ended"
