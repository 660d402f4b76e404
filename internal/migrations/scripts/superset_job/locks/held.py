# SPDX-License-Identifier: Apache-2.0
"""The migration lock while it is held.

The session that holds the lock has nothing else to do, so a server or a proxy ends it after its
idle timeout, and the lock is released without notice. Therefore a thread asks the session every
five seconds. Nobody can undo what was done without the lock, so the steps of a Job ask for it
before they begin.
"""

from __future__ import annotations

import threading

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from superset_job.report import JobError, describe, log

_PING_SECONDS = 5.0
_ANSWER_SECONDS = 30.0
_RELEASE_SECONDS = 5.0


class LockLost(JobError):
    """The migration lock was lost. It is raised only between two steps."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "DatabaseUnreachable",
            f"the session that held the migration lock was lost ({why}), so another migration may have begun"
            " and the next step was not run: check the idle timeouts of the database and of proxies in front of it",
        )


class Held:
    """The lock. query returns 1 as long as the connection holds it. Without a connection there is
    no lock, and it is never lost."""

    def __init__(self, connection: Connection | None, query: str) -> None:
        self._connection, self._query = connection, query
        self._mutex = threading.Lock()  # a connection serves one thread at a time
        self._ended = threading.Event()
        self._lost = ""

    def keep(self) -> None:
        """Starts the thread."""
        if self._connection is not None:
            threading.Thread(target=self._watch, daemon=True).start()

    def check(self) -> None:
        """Raises LockLost if the lock was lost."""
        if not self._mutex.acquire(timeout=_ANSWER_SECONDS):
            raise LockLost(f"no answer within {_ANSWER_SECONDS:.0f} s")
        try:
            self._ask()
        finally:
            self._mutex.release()
        if self._lost:
            raise LockLost(self._lost)

    def release(self) -> None:
        """Closes the connection, which ends the transaction or session and releases the lock."""
        self._ended.set()
        # The thread may wait for a server that does not answer any more.
        if self._connection is None or not self._mutex.acquire(timeout=_RELEASE_SECONDS):
            return
        try:
            self._connection.close()
        except DBAPIError as error:
            log(f"the connection that held the migration lock was lost: {describe(error)}")
        finally:
            self._mutex.release()

    def _watch(self) -> None:
        while not self._ended.wait(_PING_SECONDS):
            with self._mutex:
                if not self._ended.is_set():
                    self._ask()

    def _ask(self) -> None:
        if self._connection is None or self._lost:
            return
        try:
            if self._connection.exec_driver_sql(self._query).scalar() != 1:
                self._lost = "the server does not know it any more"
        except SQLAlchemyError as error:
            self._lost = describe(error)
        if self._lost:
            log(f"the migration lock was lost: {self._lost}")
