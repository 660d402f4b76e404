# SPDX-License-Identifier: Apache-2.0
"""Stopping within the pod's grace period while a statement runs."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool


@contextmanager
def statements_end_on_sigterm() -> Iterator[list[Any]]:
    """Cancels the statements of the body's connections on SIGTERM. Yields the list of these
    DBAPI connections; connections opened later are appended to it.

    Python runs the signal handler, which raises Stopped, only between two of its own
    instructions. A driver that waits in C for a long ALTER TABLE delays it. But the number
    of the signal is written to a pipe immediately. A thread reads it and cancels the
    statement; then the handler runs."""
    connections: list[Any] = []

    def remember(connection: Any, _: Any) -> None:
        connections.append(connection)

    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    threading.Thread(target=_cancel_on_signal, args=(reader, connections), daemon=True).start()
    event.listen(Pool, "connect", remember)
    signal.set_wakeup_fd(writer)
    try:
        yield connections
    finally:
        signal.set_wakeup_fd(-1)
        event.remove(Pool, "connect", remember)
        os.close(writer)  # ends the thread


def _cancel_on_signal(reader: int, connections: list[Any]) -> None:
    while numbers := os.read(reader, 64):
        if signal.SIGTERM in numbers:
            for connection in list(connections):
                cancel(connection)
    os.close(reader)


def cancel(connection: Any) -> None:
    """Cancels the running statement of a DBAPI connection. psycopg can do that from another
    thread; with other drivers the statement runs to its end."""
    try:
        connection.cancel()
    except Exception:  # closed already, or not supported by the driver
        pass
