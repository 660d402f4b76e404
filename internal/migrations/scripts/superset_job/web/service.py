# SPDX-License-Identifier: Apache-2.0
"""Requests to the web Service of this Superset."""

from __future__ import annotations

import os
import time
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import ProxyHandler, Request, build_opener

from superset_job.report import Result, describe, log
from superset_job.report.fit import shorten
from superset_job.web.http import HTTP_SECONDS, Failed, SameHost, Unanswered, request_for, send

# Codes of a proxy, such as that of a service mesh, that got no answer from web.
_PROXY_CODES = (502, 503, 504)
# How long web is asked before it is unreachable: longer than the kubelet needs to notice that
# a pod does not answer. Then the operator does not count that pod as ready.
_PROBE_SECONDS = 45.0
_PROBE_TRY_SECONDS = 5.0
_PROBE_PAUSE_SECONDS = 2.0
_WHY_CHARACTERS = 128


class _Web(SameHost):
    """Also follows redirects to https on the same host and port, without TLS: only the proxy
    in front of web ends TLS."""

    def redirect_request(self, request: Request, *arguments: Any) -> Request | None:
        *others, target = arguments
        if urlsplit(target).netloc == urlsplit(request.full_url).netloc:
            target = urlunsplit(urlsplit(target)._replace(scheme="http"))
        return super().redirect_request(request, *others, target)


def web_url() -> str:
    """The base URL of web; empty if there is no web tier."""
    return os.environ.get("SUPERSET_OPERATOR_WEB_URL", "").rstrip("/")


def call_web(path: str, body: object = None, token: str = "", seconds: float = HTTP_SECONDS) -> tuple[int, bytes]:
    """Status code and content of web's response, as a browser gets it behind a proxy that ends
    TLS: with force_https, Talisman redirects all other requests. It is not sent to a proxy of
    the environment, which may not reach the Services of the cluster. Raises Unanswered if only
    a proxy answered."""
    request = request_for(web_url() + path, body, token)
    request.add_header("X-Forwarded-Proto", "https")
    code, content = send(build_opener(_Web, ProxyHandler({})), request, seconds)
    if code in _PROXY_CODES:
        raise Unanswered(f"{request.get_method()} {path.partition('?')[0]} answered {code}")
    return code, content


def is_unanswered(error: Exception) -> bool:
    """Whether a request got no answer of web: connection refused, timeout, unknown host, or only
    a proxy answered."""
    return isinstance(error, (Unanswered, OSError, HTTPException))


def reaches_web(result: Result, seconds: float = 0) -> bool:
    """Asks web until it answers, whatever the answer is, or the time is over, and stores in the
    result which of them happened. seconds is by default that of the environment."""
    seconds = seconds or float(os.environ.get("SUPERSET_OPERATOR_WEB_PROBE_SECONDS") or _PROBE_SECONDS)
    end = time.monotonic() + seconds
    while True:
        try:
            call_web("/health", seconds=_PROBE_TRY_SECONDS)
        except Failed as error:
            if not isinstance(error, Unanswered):
                break
            why = str(error)
        except (OSError, HTTPException) as error:
            why = describe(error)
        else:
            break
        if time.monotonic() + _PROBE_PAUSE_SECONDS >= end:
            result.facts |= {"web": "Unreachable", "webWhy": shorten(why, _WHY_CHARACTERS)}
            log(f"web has not answered for {seconds:g} s: {why}")
            return False
        time.sleep(_PROBE_PAUSE_SECONDS)
    note_answer(result)
    return True


def note_answer(result: Result) -> None:
    """Stores in the result that web has answered."""
    result.facts["web"] = "Reachable"
    result.facts.pop("webWhy", None)
