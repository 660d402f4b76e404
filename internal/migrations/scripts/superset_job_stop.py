# SPDX-License-Identifier: Apache-2.0
"""Ending within the pod's grace period although a statement runs."""

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
    """Cancels what the body's connections wait for when SIGTERM comes. Yields the
    list of them, DBAPI connections, which grows.

    Python runs a signal's handler, which raises Stopped, between two of its own
    instructions, and a driver that waits in C for a long ALTER TABLE gives it no
    chance. But the signal's number arrives on a pipe at once: it wakes a thread,
    which cancels the statement; then the handler runs."""
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
    """Cancels the statement that runs on a DBAPI connection, if one does. psycopg can,
    from another thread; with other drivers the statement runs to its end."""
    try:
        connection.cancel()
    except Exception:  # closed already, or a driver that cannot
        pass
