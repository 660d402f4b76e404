# SPDX-License-Identifier: Apache-2.0
"""Descriptions of the database sessions that block a Job.

A description has what is needed to find the session: its name, user, address, state, the
start of its transaction and its pid. It never has the statement, which may contain data.
PostgreSQL shows the state of other users' sessions only to members of pg_read_all_stats;
hidden values are omitted.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_NAME = "superset-operator migrate"
_NAME_BYTES = 63  # PostgreSQL truncates longer names silently

_SESSIONS = """
SELECT COALESCE(NULLIF(a.application_name, ''), a.backend_type), a.usename, host(a.client_addr), a.state,
  to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), l.pid
FROM (SELECT DISTINCT pid FROM pg_locks WHERE granted AND pid IS DISTINCT FROM pg_backend_pid()
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND {lock}) l
LEFT JOIN pg_stat_activity a ON a.pid = l.pid
ORDER BY a.xact_start NULLS LAST, l.pid LIMIT 3
"""


def session_name() -> str:
    """The application_name of this Job's sessions. It names the owner for those who wait
    for its locks."""
    name = f"{_NAME} {os.environ.get('SUPERSET_OPERATOR_OWNER', '')}".strip()
    return name if len(name) <= _NAME_BYTES else name[: _NAME_BYTES - 3] + "..."


def name_transaction(connection: Connection) -> None:
    """Names the session on PostgreSQL, until the end of the open transaction, so that the
    next client of a pooler does not inherit the name."""
    connection.execute(sa.text("SELECT set_config('application_name', :name, true)"), {"name": session_name()})


def holders(connection: Connection, lock: str) -> list[str]:
    """Up to three other sessions of this PostgreSQL database that hold a lock, the oldest
    transaction first. lock is a SQL condition on pg_locks."""
    return [_sentence(row) for row in connection.execute(sa.text(_SESSIONS.format(lock=lock)))]


def mysql_holder(connection: Connection, name: str) -> list[str]:
    """The session that holds MySQL's user-level lock of that name; empty if none does."""
    query = "SELECT ID, USER, HOST, TIME FROM information_schema.PROCESSLIST WHERE ID = IS_USED_LOCK(:name)"
    return [
        f"the session of user {row[1]} from {row[2]} (id {row[0]}, its last statement {row[3]} s ago)"
        for row in connection.execute(sa.text(query), {"name": name})
    ]


def _sentence(row: Sequence[Any]) -> str:
    name, user, address, state, since, pid = row
    if pid is None:
        return "a prepared transaction (see pg_prepared_xacts)"
    facts = [
        user and f"user {user}",
        address and f"from {address}",
        state,
        since and f"in a transaction since {since} UTC",
        f"pid {pid}",
    ]
    return f'"{name or "unknown"}" (' + ", ".join(fact for fact in facts if fact) + ")"
