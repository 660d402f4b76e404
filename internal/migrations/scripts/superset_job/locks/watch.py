# SPDX-License-Identifier: Apache-2.0
"""Measures which tables a migration locks exclusively, and for how long.

PostgreSQL holds a transaction's locks until its end, and a whole upgrade is one transaction,
so the locks are counted once, at the end. The time of the first lock is found by reading
pg_locks after every statement that may take one, until there is a lock.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

_HELD = """
SELECT DISTINCT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND l.mode = 'AccessExclusiveLock' AND l.granted
AND c.relkind IN ('r', 'p') AND c.relnamespace = quote_ident(current_schema())::regnamespace
"""
# Statements that read or write rows take no such lock.
_ROWS = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|SHOW|SET|SAVEPOINT|RELEASE)\b", re.IGNORECASE)


@dataclass
class Watch:
    """The number of existing tables that were locked, and the monotonic time of the first
    lock; 0 if there was none."""

    tables: int = 0
    since: float = 0.0


@contextmanager
def watching(known: set[str]) -> Iterator[Watch]:
    """Measures the locks of alembic in the body. known are the tables to consider: tables that
    the migration itself creates are not in use yet."""
    from alembic.runtime.migration import MigrationContext

    watch, original = Watch(), MigrationContext.run_migrations

    def run_migrations(context: Any, **arguments: Any) -> None:
        mine = _raw(context.connection)
        began = 0.0

        def before(connection: Any, *_: Any) -> None:
            nonlocal began
            began = time.monotonic()

        def after(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if not watch.since and not _ROWS.match(statement) and _raw(connection) is mine and _held(mine) & known:
                watch.since = began

        event.listen(Engine, "before_cursor_execute", before)
        event.listen(Engine, "after_cursor_execute", after)
        try:
            original(context, **arguments)
            watch.tables = len(_held(mine) & known)
        finally:
            event.remove(Engine, "before_cursor_execute", before)
            event.remove(Engine, "after_cursor_execute", after)

    MigrationContext.run_migrations = run_migrations
    try:
        yield watch
    finally:
        MigrationContext.run_migrations = original


def _raw(connection: Any) -> Any:
    """The DBAPI connection."""
    return connection.connection.dbapi_connection


def _held(raw: Any) -> set[str]:
    cursor = raw.cursor()
    try:
        cursor.execute(_HELD)
        return {row[0] for row in cursor.fetchall()}
    finally:
        cursor.close()
