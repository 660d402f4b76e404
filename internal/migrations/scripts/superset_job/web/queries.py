# SPDX-License-Identifier: Apache-2.0
"""Conditions on metrics that must not hold, like those of alerts.

They are queried from a server with the API of Prometheus. Like for an alert, the result has a
sample for each label set for which the condition holds; an empty result means success.
"""

from __future__ import annotations

import json
import os
import re
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

from superset_job.report import JobError, describe, log
from superset_job.report.fit import shorten
from superset_job.web.http import Failed, Final, Unanswered, call, decoded

_PATH = "/api/v1/query"
# The server's timeout; the client waits a little longer.
_SECONDS = 10
_ERROR_CHARACTERS = 220
# Advice for results that are not a vector.
_ADVICE_BY_TYPE = {
    "scalar": "returns a scalar, which always has a value: compare a vector, for example vector(time()) > 0",
    "matrix": "returns a range, which is not a condition: put rate() or max_over_time() around it, and compare that",
    "string": "returns a string, which is not a condition: compare a vector, for example up == 0",
}


class Holds(Final):
    """The condition holds."""


def queries() -> list[tuple[str, str]]:
    """Name and expression of each condition."""
    listed = json.loads(os.environ.get("SUPERSET_OPERATOR_QUERIES") or "[]")
    return [(query["name"], query["expr"]) for query in listed]


def ask(expression: str) -> str:
    """Returns "does not hold". Raises Holds if the condition holds, Final if the query is
    invalid, and Unanswered if the server does not answer."""
    samples = _samples(expression)
    if not samples:
        return "does not hold"
    times = f" {len(samples)} times" if len(samples) > 1 else ""
    raise Holds(f"holds{times}: {_sample(samples[0])}")


def check_queries() -> None:
    """Runs each query once, before anything is changed. Raises JobError QueryFailed for a query
    that fails, or whose condition holds already: verify could not use it."""
    for name, expression in queries():
        try:
            log(f"query {name}: {ask(expression)}")
        except Failed as error:
            problem = shorten(str(error), _ERROR_CHARACTERS)
            raise JobError(
                "QueryFailed",
                f"query {name} of spec.upgrade.verify.prometheus {problem}: {_advice(error)}, or remove the query; nothing was touched",
            ) from error


def _advice(error: Failed) -> str:
    if isinstance(error, Holds):
        return "wait until it does not hold, fix its expr"
    if isinstance(error, Final):
        return "fix its expr"
    return "check url, tokenFrom, and that a Job can reach the server"


def _samples(expression: str) -> list[dict[str, Any]]:
    base = os.environ["SUPERSET_OPERATOR_PROMETHEUS_URL"].rstrip("/")
    parameters = urlencode({"query": expression, "timeout": f"{_SECONDS}s"})
    try:
        code, content = call(f"{base}{_PATH}?{parameters}", token=_token(), seconds=_SECONDS + 2)
    except (OSError, HTTPException) as error:  # connection refused, timeout, unknown host
        raise Unanswered(f"got no answer: {describe(error)} at {base}") from error
    answer = decoded(content)
    answer = answer if isinstance(answer, dict) else {}
    if answer.get("errorType") in ("bad_data", "execution"):
        raise Final(f"is rejected: {answer['errorType']}: {answer.get('error')}")
    if code != 200 or answer.get("status") != "success":
        problem = answer.get("error") or ("" if code != 200 else "not an answer of Prometheus")
        raise Unanswered(f"got no answer: GET {base}{_PATH} answered {code}" + (f": {problem}" if problem else ""))
    kind, result = answer["data"]["resultType"], answer["data"]["result"]
    if kind != "vector":
        raise Final(_ADVICE_BY_TYPE.get(kind, f"returns a {kind}, which is not a condition"))
    return list(result)


def _sample(sample: dict[str, Any]) -> str:
    """A sample as text. The value is first, because long texts are cut at the end."""
    labels = dict(sample.get("metric") or {})
    name = labels.pop("__name__", "")
    listed = ", ".join(f'{label}="{value}"' for label, value in labels.items())
    value = sample["value"][1] if "value" in sample else "a histogram"
    return f"{value} of {name}{{{listed}}}"


def _token() -> str:
    """The token without the line break at the end of a Secret that was created from a file. An
    invalid token is rejected here, because the HTTP library would quote it in its error."""
    token = os.environ.get("SUPERSET_OPERATOR_PROMETHEUS_TOKEN", "").strip()
    if not re.fullmatch(r"[\x21-\x7e]*", token):
        raise Failed("was not sent: the token of tokenFrom has characters other than printable ASCII without spaces")
    return token
