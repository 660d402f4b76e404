# SPDX-License-Identifier: Apache-2.0
"""Superset as a user meets it: a login, and the data of charts.

Preflight asks the release that runs, verify the one that has taken its place. What
is kept in between is small: of each chart a hash of its columns' names and the
number of its rows.
"""

from __future__ import annotations

import hashlib
import os

from superset_job import JobError, describe, log, shorten
from superset_job_http import Failed, call, decoded

# An analytics database may take its time.
_CHART_SECONDS = 120
_CHART_ATTEMPTS = 2
_MESSAGE_CHARACTERS = 60
# A chart that could not be read.
_UNREAD = "-"


class Refused(Failed):
    """The login is refused: a wrong password, not a broken Superset."""


def web_url() -> str:
    return os.environ.get("SUPERSET_OPERATOR_WEB_URL", "").rstrip("/")


def logs_in() -> bool:
    """Whether there is somebody to log in as."""
    return bool(web_url() and os.environ.get("SUPERSET_OPERATOR_LOGIN_USERNAME"))


def charts() -> list[int]:
    return [int(chart) for chart in os.environ.get("SUPERSET_OPERATOR_CHARTS", "").split(",") if chart]


def login() -> str:
    """A token of the user's, that of an API client: it makes no session."""
    credentials = {
        "username": os.environ["SUPERSET_OPERATOR_LOGIN_USERNAME"],
        "password": os.environ.get("SUPERSET_OPERATOR_LOGIN_PASSWORD", ""),
        "provider": "db",
        "refresh": False,
    }
    path = "/api/v1/security/login"
    code, content = call(web_url() + path, credentials)
    if code == 401:
        raise Refused(f"POST {path} answered 401: no such user with this password, or not an active one")
    token = (decoded(content) or {}).get("access_token")
    if code != 200 or not token:
        raise Failed(f"POST {path} answered {code}" + ("" if token or code != 200 else " without a token"))
    return str(token)


def answered_for(token: str) -> str:
    """What the API of charts answers to the user: the login is worth nothing without."""
    path = "/api/v1/chart/"
    code, content = call(web_url() + path, token=token)
    count = (decoded(content) or {}).get("count")
    if code != 200 or not isinstance(count, int):
        raise Failed(f"logged in, but GET {path} answered {code}")
    return f"logged in; {count} charts to see"


def read_chart(chart: int, token: str) -> tuple[str, int]:
    """A hash of a chart's columns and the number of its rows, past every cache."""
    problem: Exception | None = None
    for _ in range(_CHART_ATTEMPTS):
        try:
            return _read_chart(chart, token)
        except Failed as error:
            problem = error
        except Exception as error:  # refused, timed out
            problem = Failed(describe(error))
    raise problem or Failed("not read")


def _read_chart(chart: int, token: str) -> tuple[str, int]:
    # type=results spares the asynchronous way, which only full results can take.
    url = f"{web_url()}/api/v1/chart/{chart}/data/?force=true&type=results"
    code, content = call(url, token=token, seconds=_CHART_SECONDS)
    answer = decoded(content)
    results = answer.get("result") if isinstance(answer, dict) else None
    if code == 404:
        raise Failed("404: it is not there, or not for this user")
    if code != 200 or not isinstance(results, list):
        said = answer.get("message") if isinstance(answer, dict) else None
        raise Failed(f"{code}: {shorten(str(said), _MESSAGE_CHARACTERS)}" if said else str(code))
    for result in results:
        if result.get("error"):
            raise Failed(shorten(str(result["error"]), _MESSAGE_CHARACTERS))
    columns = [result.get("colnames") or [] for result in results]
    rows = sum(result.get("rowcount") or 0 for result in results)
    return hashlib.sha256(repr(columns).encode()).hexdigest()[:8], rows


def baseline() -> str | None:
    """What the charts give now, as "id:columns:rows" with commas between; of one that
    fails "id:-". None where the release that runs cannot be asked. A login that it
    refuses would be refused afterwards too: better said now."""
    if not logs_in():
        return None
    try:
        token = login()
    except Refused as error:
        raise JobError(
            "CheckFailed",
            f"the Superset that runs refuses the login of spec.upgrade.verify.loginFrom ({error}):"
            " mend the Secret or leave loginFrom out; nothing was touched",
        ) from error
    except Exception as error:  # it may be broken, and this upgrade what mends it
        log(f"nothing to compare charts with: {describe(error)}")
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
    """Reads the charts and compares them with what they gave before. Other rows are no
    failure, for data lives; none any more are."""
    before = dict(entry.split(":", 1) for entry in os.environ.get("SUPERSET_OPERATOR_CHARTS_BEFORE", "").split(",") if entry)
    wrong, notes = [], []
    for chart in charts():
        was = before.get(str(chart), "")
        try:
            columns, rows = read_chart(chart, token)
        except Failed as error:
            (notes if was == _UNREAD else wrong).append(
                f"{chart} failed before as well" if was == _UNREAD else f"{chart}: {error}"
            )
            continue
        if was in ("", _UNREAD):
            notes.append(f"{chart}: {rows} rows, before not known")
            continue
        old_columns, old_rows = was.split(":")
        if columns != old_columns:
            wrong.append(f"{chart}: other columns than before")
        elif int(old_rows) > 0 and rows == 0:
            wrong.append(f"{chart}: no rows, {old_rows} before")
        elif rows != int(old_rows):
            notes.append(f"{chart}: {rows} rows, {old_rows} before")
    if wrong:
        raise Failed(f"{len(wrong)} of {len(charts())} charts: " + "; ".join(wrong))
    return "; ".join([f"{len(charts())} charts answered", *notes])
