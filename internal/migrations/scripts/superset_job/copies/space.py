# SPDX-License-Identifier: Apache-2.0
"""The disk space that the copy of a rehearsal may use.

A migration rewrites tables, so for a while there are two copies of each. Without this
check the kubelet evicts the pod, and the Job has no result."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from superset_job.locks.stop import cancel
from superset_job.report import JobError, describe

_POLL_SECONDS = 0.5
_FULL = "No space left on device"


@contextmanager
def limit_space(connections: list[Any]) -> Iterator[None]:
    """Cancels the statements of the body's connections when the copy exceeds
    SUPERSET_OPERATOR_SCRATCH_BYTES (0: no limit). Raises JobError RehearsalTooLarge then,
    and when the disk is full."""
    limit = int(os.environ.get("SUPERSET_OPERATOR_SCRATCH_BYTES") or 0)
    over, ended = threading.Event(), threading.Event()

    def watch() -> None:
        while not ended.wait(_POLL_SECONDS):
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
    """Whether the server reported a full disk."""
    return _FULL in (error.message if isinstance(error, JobError) else describe(error))


def _too_large(why: str) -> JobError:
    return JobError(
        "RehearsalTooLarge",
        f"the copy of the database fits, but the migrated copy does not: {why}; raise"
        " spec.upgrade.rehearsalJob.size, add tables to its excludeData, or set rehearsal: Never",
    )


def used() -> int:
    """Disk space of the scratch database, in bytes."""
    total = 0
    for path, _, names in os.walk(os.environ.get("SUPERSET_OPERATOR_SCRATCH_DIR", "/var/lib/superset-operator")):
        for name in names:
            try:
                total += os.stat(os.path.join(path, name)).st_blocks * 512
            except OSError:  # deleted in the meantime
                pass
    return total
