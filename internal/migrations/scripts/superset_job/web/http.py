# SPDX-License-Identifier: Apache-2.0
"""HTTP requests with the standard library."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

HTTP_SECONDS = 30
# Maximum size of a response: that of a chart with 50,000 wide rows is far smaller.
_RESPONSE_BYTES = 64 << 20


class Failed(Exception):
    """A check failed; the text has the details."""


class Unanswered(Failed):
    """There was no answer, or only that of a proxy: a later attempt may get one."""


class Final(Failed):
    """A failure that a retry does not change."""


class SameHost(HTTPRedirectHandler):
    """Follows redirects within a host. A redirect to another one, such as an identity
    provider, is returned as the response."""

    def redirect_request(self, request: Request, *arguments: object) -> Request | None:
        target = super().redirect_request(request, *arguments)  # type: ignore[arg-type]
        if not target:
            return None
        before, after = urlsplit(request.full_url), urlsplit(target.full_url)
        # The token is sent along, so never follow a redirect from https to http.
        same = before.netloc == after.netloc and not (before.scheme == "https" and after.scheme == "http")
        return target if same else None


def call(url: str, body: object = None, token: str = "", seconds: float = HTTP_SECONDS) -> tuple[int, bytes]:
    """Status code and content of the response to a GET, or to a POST of a body as JSON."""
    return send(build_opener(SameHost), request_for(url, body, token), seconds)


def request_for(url: str, body: object = None, token: str = "") -> Request:
    """A GET, or a POST of a body as JSON."""
    request = Request(url, data=None if body is None else json.dumps(body).encode())
    request.add_header("Accept", "application/json, */*;q=0.5")
    if body is not None:
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    return request


def send(opener: OpenerDirector, request: Request, seconds: float) -> tuple[int, bytes]:
    """Status code and content of the response."""
    try:
        with opener.open(request, timeout=seconds) as response:
            content = response.read(_RESPONSE_BYTES + 1)
            if len(content) > _RESPONSE_BYTES:
                raise Failed(f"GET {urlsplit(request.full_url).path} returned more than {_RESPONSE_BYTES >> 20} MiB")
            return response.status, content
    except HTTPError as error:
        return error.code, error.read(1 << 20)


def decoded(content: bytes) -> Any:
    """The content parsed as JSON; None if it is not JSON."""
    try:
        return json.loads(content)
    except ValueError:
        return None
