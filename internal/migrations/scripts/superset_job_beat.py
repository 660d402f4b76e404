# SPDX-License-Identifier: Apache-2.0
"""Does beat tick? It tells nobody about itself, but each worker counts the tasks that
it has begun, by name: one that only beat sends, and that was due, must be among them.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from superset_job import describe, log
from superset_job_http import Failed
from superset_job_redis import celery_client

_CELERY_SECONDS = 2.0
# What an entry needs from when it is due until a worker has begun it.
_MARGIN_SECONDS = 30

# Among the counts, by no name that a task can have.
_UPTIME = ""

Counts = dict[str, dict[str, int]]


def watched() -> bool:
    """Whether there is a beat, and a worker that counts."""
    return os.environ.get("SUPERSET_OPERATOR_BEAT") == "1" and int(os.environ.get("SUPERSET_OPERATOR_WORKERS") or 0) > 0


def watch(seconds: float) -> Callable[[], str]:
    """Remembers what the workers have counted until now. What it returns says, after that
    many seconds, whether beat ticked in between, or raises Failed."""
    try:
        entries, before = _entries(), _counts()
    except Exception as error:  # beat's own is not ours to judge by what fails here
        said = describe(error)
        return lambda: f"not known: {said}"
    remaining = _remaining(entries)
    due = {name: entries[name].task for name, left in remaining.items() if left <= seconds - _MARGIN_SECONDS}
    log(f"beat: due within {seconds:g} s: {', '.join(due) or 'nothing'}")
    return lambda: _ticked(due, remaining, before)


def _ticked(due: dict[str, str], remaining: dict[str, float], before: Counts) -> str:
    if not due:
        first = min(remaining, key=remaining.__getitem__, default="")
        return "nothing was due" + (f": first is {first}, {remaining[first]:.0f} s after the soak began" if first else "")
    after = _counts()
    begun = sorted(
        name
        for name, task in due.items()
        if any(after[worker].get(task, 0) > before[worker].get(task, 0) for worker in before if worker in after)
    )
    if begun:
        return f"workers began what it sent: {', '.join(begun)}"
    if not _goes_on(before, after):
        return "not known: workers were replaced in the soak, and count anew"
    names = ", ".join(sorted(due))
    if _waits(set(due.values())):
        return f"not known: the workers had no room to begin {names}"
    raise Failed(f"due in the soak, and begun by no worker: {names}")


def _entries() -> dict[str, Any]:
    """The entries of beat's schedule by name, as its own scheduler makes them: of the
    configuration that the app would take, which is more than its text tells."""
    import celery
    from celery.beat import ScheduleEntry

    config = importlib.import_module(os.environ.get("SUPERSET_CONFIG", "superset.config"))
    app = celery.Celery(set_as_current=False)
    app.config_from_object(config.CELERY_CONFIG)
    listed = {name: entry for name, entry in app.conf.beat_schedule.items() if isinstance(entry, dict)}
    return {name: ScheduleEntry(**{**entry, "name": name, "app": app}) for name, entry in listed.items()}


def _remaining(entries: dict[str, Any]) -> dict[str, float]:
    """Seconds until each entry is due at the latest: one that runs at intervals may be
    due sooner, for when beat ran it last is not known."""
    seconds = {}
    for name, entry in entries.items():
        try:
            left: timedelta = entry.schedule.remaining_estimate(entry.default_now())
            seconds[name] = left.total_seconds()
        except Exception as error:  # of a schedule of the user's own
            log(f"beat: when {name} is due is not known: {describe(error)}")
    return seconds


def _counts() -> Counts:
    """How often each worker has begun each task since it started, and how many seconds
    ago that was."""
    stats = celery_client().control.inspect(timeout=_CELERY_SECONDS).stats() or {}
    return {worker: {**told["total"], _UPTIME: told.get("uptime", 0)} for worker, told in stats.items()}


def _goes_on(before: Counts, after: Counts) -> bool:
    """Whether the workers are those of before: what one counts never goes down."""
    return bool(before) and all(
        worker in after and all(after[worker].get(task, 0) >= n for task, n in counts.items())
        for worker, counts in before.items()
    )


def _waits(tasks: set[str]) -> bool:
    """Whether one of the tasks waits in a worker, or may wait for one in the broker, as
    none of the workers could begin any more."""
    inspect = celery_client().control.inspect(timeout=_CELERY_SECONDS)
    active = inspect.active() or {}
    for told in (active, inspect.reserved() or {}):
        if any(request["name"] in tasks for requests in told.values() for request in requests):
            return True
    rooms = {worker: told["pool"]["max-concurrency"] for worker, told in (inspect.stats() or {}).items()}
    return bool(active) and all(len(requests) >= rooms.get(worker, 0) for worker, requests in active.items())
