# SPDX-License-Identifier: Apache-2.0
"""How long a migration may hold the tables' locks, made sure in layers.

No layer is enough alone. The server's time-outs end a statement that takes too
long, and a transaction that idles while the script works in Python or waits for a
second connection of its own, which is a deadlock that the server cannot see. A
thread cancels whatever any connection of this process runs. And a flag ends a
script that runs many short statements, or that swallowed the error of one.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from superset_job_stop import cancel

_CANCEL_AGAIN_SECONDS = 0.2


class Spent(BaseException):
    """The budget is used up. No Exception, so that no script's error handling
    swallows it."""


class LocksLost(BaseException):
    """A script rolled the migration's transaction back, and its locks with it."""


class Budget:
    """seconds of holding locks, from start to stop. connections is the list of this
    process's DBAPI connections, which grows."""

    def __init__(self, seconds: float, connections: list[Any]) -> None:
        self.seconds = seconds
        self._connections = connections
        self._began: float | None = None
        self._ended = threading.Event()
        self._lost = False

    def start(self, connection: Connection) -> None:
        """Begins to count, in the transaction that has just got its locks."""
        self._began = time.monotonic()
        # What keeps the attempts to lock short must not end the migration.
        limits = {"lock_timeout": 0, "statement_timeout": self.seconds}
        limits["idle_in_transaction_session_timeout"] = self.seconds
        if connection.dialect.server_version_info >= (17,):
            connection.exec_driver_sql("SET LOCAL transaction_timeout = 0")  # starts its clock anew
            limits["transaction_timeout"] = self.seconds
        for name, seconds in limits.items():
            set_local(connection, name, seconds)
        event.listen(Engine, "before_cursor_execute", self._before_statement)
        event.listen(connection, "rollback", self._rolled_back)
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> float:
        """Ends the count and returns how many seconds it came to; 0 if none began."""
        if self._began is None:
            return 0.0
        self._ended.set()
        event.remove(Engine, "before_cursor_execute", self._before_statement)
        return time.monotonic() - self._began

    def spent(self) -> bool:
        return self._began is not None and time.monotonic() - self._began >= self.seconds

    def check(self) -> None:
        """Raises Spent or LocksLost where that is so."""
        if self._ended.is_set():
            return
        if self._lost:
            raise LocksLost
        if self.spent():
            raise Spent

    def _before_statement(self, *_: Any) -> None:
        self.check()

    def _rolled_back(self, _: Any) -> None:
        self._lost = True

    def _watch(self) -> None:
        assert self._began is not None
        pause = self._began + self.seconds - time.monotonic()
        while not self._ended.wait(max(0.0, pause)):
            for connection in list(self._connections):
                cancel(connection)
            pause = _CANCEL_AGAIN_SECONDS


def set_local(connection: Connection, name: str, seconds: float) -> None:
    """Sets one of PostgreSQL's time-outs until the transaction's end; 0 for none."""
    milliseconds = max(1, round(seconds * 1000)) if seconds else 0
    connection.exec_driver_sql(f"SET LOCAL {name} = {milliseconds}")
