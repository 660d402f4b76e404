# SPDX-License-Identifier: Apache-2.0
"""Requests to the web Service of this Superset."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import ProxyHandler, Request, build_opener

from superset_job_http import HTTP_SECONDS, SameHost, Unanswered, request_for, send

# Codes of a proxy, such as that of a service mesh, that got no answer from web.
_PROXY_CODES = (502, 503, 504)


class _Web(SameHost):
    """Also follows redirects to https on the same host and port, without TLS: only the proxy
    in front of web ends TLS."""

    def redirect_request(self, request: Request, *arguments: Any) -> Request | None:  # type: ignore[override]
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
