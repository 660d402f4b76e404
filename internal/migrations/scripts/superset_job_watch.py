# SPDX-License-Identifier: Apache-2.0
"""Which tables a migration locks against everybody, and how long it does.

PostgreSQL keeps a transaction's locks to its end, and a whole upgrade is one
transaction: so they are counted once, at the end. To know when the first one came, the
server is asked after every statement that may take one, until it names a table.
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
# What reads or writes rows takes no such lock.
_ROWS = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|SHOW|SET|SAVEPOINT|RELEASE)\b", re.IGNORECASE)


@dataclass
class Watch:
    """What was seen: the tables that were there before and got locked, and when that
    began, on the monotonic clock; 0 if it never did."""

    tables: int = 0
    since: float = 0.0


@contextmanager
def watching(known: set[str]) -> Iterator[Watch]:
    """Watches alembic migrate in the body. known are the tables that somebody may be
    using: those that the migration makes itself are nobody's yet."""
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

    MigrationContext.run_migrations = run_migrations  # type: ignore[method-assign]
    try:
        yield watch
    finally:
        MigrationContext.run_migrations = original  # type: ignore[method-assign]


def _raw(connection: Any) -> Any:
    """The driver's own connection."""
    return connection.connection.dbapi_connection


def _held(raw: Any) -> set[str]:
    cursor = raw.cursor()
    try:
        cursor.execute(_HELD)
        return {row[0] for row in cursor.fetchall()}
    finally:
        cursor.close()
