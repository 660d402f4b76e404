# SPDX-License-Identifier: Apache-2.0
"""The time budget for which a polite migration may hold the tables' locks.

It is enforced in three ways, because none is sufficient. The server's timeouts end a
statement that takes too long, and a transaction that is idle while the script works in
Python or waits for its own second connection; that is a deadlock that the server cannot
detect. A thread cancels the statements of all connections of this process. A check before
each statement ends a script that runs many short statements or swallowed an error.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from superset_job.locks.stop import cancel

_CANCEL_AGAIN_SECONDS = 0.2


class Spent(BaseException):
    """The budget is used up. Not an Exception, so that no migration script swallows it."""


class LocksLost(BaseException):
    """A migration script rolled back the transaction, which released its locks."""


class Budget:
    """A budget of seconds between start and stop. connections is the live list of this
    process's DBAPI connections."""

    def __init__(self, seconds: float, connections: list[Any]) -> None:
        self.seconds = seconds
        self._connections = connections
        self._began: float | None = None
        self._ended = threading.Event()
        self._lost = False

    def start(self, connection: Connection) -> None:
        """Starts the clock, in the transaction that has just locked the tables."""
        self._began = time.monotonic()
        # Reset the timeouts of the lock attempts: they must not end the migration.
        limits = {"lock_timeout": 0, "statement_timeout": self.seconds}
        limits["idle_in_transaction_session_timeout"] = self.seconds
        if connection.dialect.server_version_info >= (17,):
            connection.exec_driver_sql("SET LOCAL transaction_timeout = 0")  # restarts its clock
            limits["transaction_timeout"] = self.seconds
        for name, seconds in limits.items():
            set_local(connection, name, seconds)
        event.listen(Engine, "before_cursor_execute", self._before_statement)
        event.listen(connection, "rollback", self._rolled_back)
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> float:
        """Stops the clock and returns the elapsed seconds; 0 if it was not started."""
        if self._began is None:
            return 0.0
        self._ended.set()
        event.remove(Engine, "before_cursor_execute", self._before_statement)
        return time.monotonic() - self._began

    def spent(self) -> bool:
        return self._began is not None and time.monotonic() - self._began >= self.seconds

    def check(self) -> None:
        """Raises Spent if the budget is used up, LocksLost if the locks were released."""
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
    """Sets one of PostgreSQL's timeouts until the end of the transaction; 0 disables it."""
    milliseconds = max(1, round(seconds * 1000)) if seconds else 0
    connection.exec_driver_sql(f"SET LOCAL {name} = {milliseconds}")
