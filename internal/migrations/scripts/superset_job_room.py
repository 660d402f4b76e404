# SPDX-License-Identifier: Apache-2.0
"""The room that the copy of a rehearsal may take: a migration rewrites tables, and for
a while there are two of each. The kubelet would end the pod without a word."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from superset_job import JobError, describe
from superset_job_stop import cancel

_LOOK_SECONDS = 0.5
_FULL = "No space left on device"


@contextmanager
def within_its_room(connections: list[Any]) -> Iterator[None]:
    """Ends what the body's connections do when the copy outgrows its limit. Raises a
    JobError RehearsalTooLarge then, and when the disk is full."""
    limit = int(os.environ.get("SUPERSET_OPERATOR_SCRATCH_BYTES") or 0)
    over, ended = threading.Event(), threading.Event()

    def watch() -> None:
        while not ended.wait(_LOOK_SECONDS):
            if used() > limit:
                over.set()
                for connection in list(connections):
                    cancel(connection)

    if limit:
        threading.Thread(target=watch, daemon=True).start()
    try:
        yield
        if over.is_set():
            raise _too_large(f"more than {limit >> 20} MiB")
    except Exception as error:
        if over.is_set():
            raise _too_large(f"more than {limit >> 20} MiB") from error
        if full(error):
            raise _too_large("the disk is full") from error
        raise
    finally:
        ended.set()


def full(error: Exception) -> bool:
    """Whether that is what the server said when its disk was full."""
    return _FULL in (error.message if isinstance(error, JobError) else describe(error))


def _too_large(why: str) -> JobError:
    return JobError(
        "RehearsalTooLarge",
        f"the copy of the database fits, but not what the migration makes of it: {why}; raise"
        " spec.upgrade.rehearsalJob.size, name more tables in its excludeData, or write rehearsal: Never",
    )


def used() -> int:
    """Bytes that the throw-away database takes on the disk."""
    total = 0
    for path, _, names in os.walk(os.environ.get("SUPERSET_OPERATOR_SCRATCH_DIR", "/var/lib/superset-operator")):
        for name in names:
            try:
                total += os.stat(os.path.join(path, name)).st_blocks * 512
            except OSError:  # gone since
                pass
    return total
