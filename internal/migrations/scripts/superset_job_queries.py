# SPDX-License-Identifier: Apache-2.0
"""Conditions over metrics that must not hold, as those of alerts.

They are asked of a server with the API of Prometheus. A condition gives a sample for
each thing that it holds of, so that none is good.
"""

from __future__ import annotations

import json
import os
import re
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

from superset_job import JobError, describe, log, shorten
from superset_job_http import Failed, Final, call, decoded

_PATH = "/api/v1/query"
# So long the server may think, and a little longer we wait.
_SECONDS = 10
_ERROR_CHARACTERS = 220
# What an answer that is no vector lacks.
_INSTEAD = {
    "scalar": "gives a scalar, which always has a value: compare a vector, for example vector(time()) > 0",
    "matrix": "gives a range, which is no condition: put rate() or max_over_time() around it, and compare that",
    "string": "gives a string, which is no condition: compare a vector, for example up == 0",
}


class Holds(Final):
    """The condition holds."""


def queries() -> list[tuple[str, str]]:
    """Name and expression of each condition."""
    listed = json.loads(os.environ.get("SUPERSET_OPERATOR_QUERIES") or "[]")
    return [(query["name"], query["expr"]) for query in listed]


def ask(expression: str) -> str:
    """Says that the condition does not hold. Raises Holds when it does, Final when it
    is none, and Failed when the server does not answer it."""
    samples = _samples(expression)
    if not samples:
        return "does not hold"
    times = f" {len(samples)} times" if len(samples) > 1 else ""
    raise Holds(f"holds{times}: {_sample(samples[0])}")


def refuse_early() -> None:
    """Asks each query once, before anything is touched. Raises QueryFailed for one that
    would fail afterwards too, or that an upgrade could not be judged by."""
    for name, expression in queries():
        try:
            log(f"query {name}: {ask(expression)}")
        except Failed as error:
            said = shorten(str(error), _ERROR_CHARACTERS)
            raise JobError(
                "QueryFailed",
                f"query {name} of spec.upgrade.verify.prometheus {said}: {_advice(error)}, or leave it out;"
                " nothing was touched",
            ) from error


def _advice(error: Failed) -> str:
    if isinstance(error, Holds):
        return "wait until it does not hold, mend its expr"
    if isinstance(error, Final):
        return "mend its expr"
    return "mend url and tokenFrom, or what keeps a Job from the server"


def _samples(expression: str) -> list[dict[str, Any]]:
    base = os.environ["SUPERSET_OPERATOR_PROMETHEUS_URL"].rstrip("/")
    question = urlencode({"query": expression, "timeout": f"{_SECONDS}s"})
    try:
        code, content = call(f"{base}{_PATH}?{question}", token=_token(), seconds=_SECONDS + 2)
    except (OSError, HTTPException) as error:  # refused, timed out, no such host
        raise Failed(f"has no answer: {describe(error)} at {base}") from error
    answer = decoded(content)
    answer = answer if isinstance(answer, dict) else {}
    if answer.get("errorType") in ("bad_data", "execution"):
        raise Final(f"is refused: {answer['errorType']}: {answer.get('error')}")
    if code != 200 or answer.get("status") != "success":
        said = answer.get("error") or ("" if code != 200 else "not what Prometheus answers")
        raise Failed(f"has no answer: GET {base}{_PATH} answered {code}" + (f": {said}" if said else ""))
    kind, result = answer["data"]["resultType"], answer["data"]["result"]
    if kind != "vector":
        raise Final(_INSTEAD.get(kind, f"gives a {kind}, which is no condition"))
    return list(result)


def _sample(sample: dict[str, Any]) -> str:
    """The value first: of many labels the last ones are cut."""
    labels = dict(sample.get("metric") or {})
    name = labels.pop("__name__", "")
    told = ", ".join(f'{label}="{value}"' for label, value in labels.items())
    value = sample["value"][1] if "value" in sample else "a histogram"
    return f"{value} of {name}{{{told}}}"


def _token() -> str:
    """Without the line break that a Secret made of a file ends in. What no header takes
    would be quoted by whoever refuses it."""
    token = os.environ.get("SUPERSET_OPERATOR_PROMETHEUS_TOKEN", "").strip()
    if not re.fullmatch(r"[\x21-\x7e]*", token):
        raise Failed("is not asked: the token of tokenFrom is not one word of ASCII")
    return token
