# SPDX-License-Identifier: Apache-2.0
"""Checks that Celery beat sends its tasks. Beat itself has no status, but each worker counts
the tasks that it started, by name. During a soak the count of a task that was due, and that
only beat sends, must increase.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from superset_job.broker.redis import celery_client
from superset_job.broker.workers import hosts
from superset_job.report import describe, log
from superset_job.web.http import Failed

_CELERY_SECONDS = 2.0
# Time from when an entry is due until a worker has started its task.
_MARGIN_SECONDS = 30

# The key of the uptime among the counts: no task can have this name.
_UPTIME = ""

Counts = dict[str, dict[str, int]]


def watched() -> bool:
    """Whether there is a beat, and a worker whose counts show it."""
    return os.environ.get("SUPERSET_OPERATOR_BEAT") == "1" and bool(hosts())


def watch(seconds: float) -> Callable[[], str]:
    """Records the counts of the workers. The returned function, called after that many
    seconds, describes what beat sent in between. It raises Failed if a due task was not
    started."""
    try:
        entries, before = _entries(), _counts()
    except Exception as error:  # a failure here does not show that beat fails
        problem = describe(error)
        return lambda: f"not known: {problem}"
    remaining = _remaining(entries)
    due = {name: entries[name].task for name, left in remaining.items() if left <= seconds - _MARGIN_SECONDS}
    log(f"beat: due within {seconds:g} s: {', '.join(due) or 'nothing'}")
    return lambda: _ticked(due, remaining, before)


def _ticked(due: dict[str, str], remaining: dict[str, float], before: Counts) -> str:
    if not due:
        first = min(remaining, key=remaining.__getitem__, default="")
        return "nothing was due" + (f": first is {first}, {remaining[first]:.0f} s after the soak started" if first else "")
    after = _counts()
    started = sorted(
        name
        for name, task in due.items()
        if any(after[worker].get(task, 0) > before[worker].get(task, 0) for worker in before if worker in after)
    )
    if started:
        return f"workers started its tasks: {', '.join(started)}"
    if not _same_workers(before, after):
        return "not known: workers were restarted during the soak, so their counts started again"
    names = ", ".join(sorted(due))
    if _may_wait(set(due.values())):
        return f"not known: the workers had no free slot for {names}"
    raise Failed(f"due during the soak, but started by no worker: {names}")


def _entries() -> dict[str, Any]:
    """The entries of beat's schedule by name, as beat's scheduler creates them. Loads the
    configuration like the app does, because it may compute the schedule."""
    import celery
    from celery.beat import ScheduleEntry

    config = importlib.import_module(os.environ.get("SUPERSET_CONFIG", "superset.config"))
    app = celery.Celery(set_as_current=False)
    app.config_from_object(config.CELERY_CONFIG)
    listed = {name: entry for name, entry in app.conf.beat_schedule.items() if isinstance(entry, dict)}
    return {name: ScheduleEntry(**{**entry, "name": name, "app": app}) for name, entry in listed.items()}


def _remaining(entries: dict[str, Any]) -> dict[str, float]:
    """Seconds until each entry is due at the latest. An entry with an interval may be due
    sooner: it is not known when beat sent it last."""
    seconds = {}
    for name, entry in entries.items():
        try:
            left: timedelta = entry.schedule.remaining_estimate(entry.default_now())
            seconds[name] = left.total_seconds()
        except Exception as error:  # the user may define any schedule class
            log(f"beat: cannot determine when {name} is due: {describe(error)}")
    return seconds


def _counts() -> Counts:
    """How many tasks of each name each worker has started, and its uptime in seconds."""
    stats = celery_client().control.inspect(timeout=_CELERY_SECONDS).stats() or {}
    return {worker: {**reply["total"], _UPTIME: reply.get("uptime", 0)} for worker, reply in stats.items()}


def _same_workers(before: Counts, after: Counts) -> bool:
    """Whether no worker was restarted: the counts of a running worker never decrease."""
    return bool(before) and all(
        worker in after and all(after[worker].get(task, 0) >= n for task, n in counts.items()) for worker, counts in before.items()
    )


def _may_wait(tasks: set[str]) -> bool:
    """Whether one of the tasks waits in a worker, or may wait in the broker because all
    workers are busy."""
    inspect = celery_client().control.inspect(timeout=_CELERY_SECONDS)
    active = inspect.active() or {}
    for reply in (active, inspect.reserved() or {}):
        if any(request["name"] in tasks for requests in reply.values() for request in requests):
            return True
    slots = {worker: reply["pool"]["max-concurrency"] for worker, reply in (inspect.stats() or {}).items()}
    return bool(active) and all(len(requests) >= slots.get(worker, 0) for worker, requests in active.items())
