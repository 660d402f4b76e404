# SPDX-License-Identifier: Apache-2.0
"""The smoke tests as a user: a login, and the data of charts.

Preflight reads the charts from the previous release, and verify from the new one. Only a hash
of the column names and the number of rows of each chart is kept in between.
"""

from __future__ import annotations

import hashlib
import os

from superset_job.report import JobError, describe, log
from superset_job.report.fit import shorten
from superset_job.web.http import Failed, Unanswered, decoded
from superset_job.web.service import call_web, web_url

# Queries of analytics databases may be slow.
_CHART_SECONDS = 120
_CHART_ATTEMPTS = 2
_MESSAGE_CHARACTERS = 60
# A chart that could not be read.
_UNREAD = "-"


class Refused(Failed):
    """Superset rejected the credentials, so it works."""


def logs_in() -> bool:
    """Whether there are credentials to log in with."""
    return bool(web_url() and os.environ.get("SUPERSET_OPERATOR_LOGIN_USERNAME"))


def charts() -> list[int]:
    return [int(chart) for chart in os.environ.get("SUPERSET_OPERATOR_CHARTS", "").split(",") if chart]


def login() -> str:
    """An access token for the user. It creates no session. Raises Refused or Failed."""
    credentials = {
        "username": os.environ["SUPERSET_OPERATOR_LOGIN_USERNAME"],
        "password": os.environ.get("SUPERSET_OPERATOR_LOGIN_PASSWORD", ""),
        "provider": "db",
        "refresh": False,
    }
    path = "/api/v1/security/login"
    code, content = call_web(path, credentials)
    if code == 401:
        raise Refused(f"POST {path} answered 401: no such user with this password, or not an active one")
    token = (decoded(content) or {}).get("access_token")
    if code != 200 or not token:
        raise Failed(f"POST {path} answered {code}" + ("" if token or code != 200 else " without a token"))
    return str(token)


def answered_for(token: str) -> str:
    """Checks that the chart API accepts the token. Returns a description, or raises Failed."""
    path = "/api/v1/chart/"
    code, content = call_web(path, token=token)
    count = (decoded(content) or {}).get("count")
    if code != 200 or not isinstance(count, int):
        raise Failed(f"logged in, but GET {path} answered {code}")
    return f"logged in; {count} charts visible"


def read_chart(chart: int, token: str) -> tuple[str, int]:
    """A hash of a chart's columns and its number of rows, not from a cache. Raises Failed."""
    problem: Exception | None = None
    for _ in range(_CHART_ATTEMPTS):
        try:
            return _read_chart(chart, token)
        except Failed as error:
            problem = error
        except Exception as error:  # connection refused, timeout
            problem = Unanswered(describe(error))
    raise problem or Failed("not read")


def _read_chart(chart: int, token: str) -> tuple[str, int]:
    # type=results avoids asynchronous queries, which exist only for full results.
    path = f"/api/v1/chart/{chart}/data/?force=true&type=results"
    code, content = call_web(path, token=token, seconds=_CHART_SECONDS)
    answer = decoded(content)
    results = answer.get("result") if isinstance(answer, dict) else None
    if code == 404:
        raise Failed("404: it does not exist, or this user may not read it")
    if code != 200 or not isinstance(results, list):
        message = answer.get("message") if isinstance(answer, dict) else None
        raise Failed(f"{code}: {shorten(str(message), _MESSAGE_CHARACTERS)}" if message else str(code))
    for result in results:
        if result.get("error"):
            raise Failed(shorten(str(result["error"]), _MESSAGE_CHARACTERS))
    columns = [result.get("colnames") or [] for result in results]
    rows = sum(result.get("rowcount") or 0 for result in results)
    return hashlib.sha256(repr(columns).encode()).hexdigest()[:8], rows


def baseline() -> str | None:
    """The current results of the charts, as "id:columns:rows" separated by commas; "id:-" for a
    chart that fails. None if there are no charts or the running release does not work. Raises
    JobError CheckFailed if it rejects the login: verify would fail for the same reason."""
    if not logs_in():
        return None
    try:
        token = login()
    except Refused as error:
        raise JobError(
            "CheckFailed",
            f"the running Superset rejects the login of spec.upgrade.verify.loginFrom ({error}):"
            " fix the Secret or remove loginFrom; nothing was touched",
        ) from error
    except Exception as error:  # it may be broken, and this upgrade may fix it
        log(f"there are no chart results to compare with: {describe(error)}")
        return None
    found = []
    for chart in charts():
        try:
            columns, rows = read_chart(chart, token)
            found.append(f"{chart}:{columns}:{rows}")
        except Failed as error:
            log(f"chart {chart} fails already: {error}")
            found.append(f"{chart}:{_UNREAD}")
    return ",".join(found) or None


def compared(token: str) -> str:
    """Reads the charts and compares them with the earlier results. Raises Failed if a chart
    fails or has other columns or no rows any more, and Unanswered if web answers for none of
    those. A different number of rows is no failure: data changes."""
    before = dict(entry.split(":", 1) for entry in os.environ.get("SUPERSET_OPERATOR_CHARTS_BEFORE", "").split(",") if entry)
    wrong, notes, unanswered = [], [], 0
    for chart in charts():
        was = before.get(str(chart), "")
        try:
            columns, rows = read_chart(chart, token)
        except Failed as error:
            if was == _UNREAD:
                notes.append(f"{chart} failed before as well")
                continue
            wrong.append(f"{chart}: {error}")
            unanswered += isinstance(error, Unanswered)
            continue
        if was in ("", _UNREAD):
            notes.append(f"{chart}: {rows} rows, unknown before")
            continue
        old_columns, old_rows = was.split(":")
        if columns != old_columns:
            wrong.append(f"{chart}: other columns than before")
        elif int(old_rows) > 0 and rows == 0:
            wrong.append(f"{chart}: no rows, {old_rows} before")
        elif rows != int(old_rows):
            notes.append(f"{chart}: {rows} rows, {old_rows} before")
    if wrong:
        kind = Unanswered if unanswered == len(wrong) else Failed
        raise kind(f"{len(wrong)} of {len(charts())} charts: " + "; ".join(wrong))
    return "; ".join([f"{len(charts())} charts answered", *notes])
