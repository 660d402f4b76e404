# SPDX-License-Identifier: Apache-2.0
"""Requests to what runs, with the standard library alone."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

HTTP_SECONDS = 30
# What an answer may hold: a chart of 50,000 wide rows is far below.
_ANSWER_BYTES = 64 << 20


class Failed(Exception):
    """A check's answer is wrong; the text says what it was."""


class Final(Failed):
    """One that asking again does not change."""


class _SameHost(HTTPRedirectHandler):
    """Follows redirects within Superset; one to an identity provider is an answer."""

    def redirect_request(self, request: Request, *arguments: object) -> Request | None:  # type: ignore[override]
        target = super().redirect_request(request, *arguments)  # type: ignore[arg-type]
        if not target:
            return None
        before, after = urlsplit(request.full_url), urlsplit(target.full_url)
        # A token goes along, so never out of TLS.
        same = before.netloc == after.netloc and not (before.scheme == "https" and after.scheme == "http")
        return target if same else None


def call(url: str, body: object = None, token: str = "", seconds: float = HTTP_SECONDS) -> tuple[int, bytes]:
    """Code and content of the answer to a GET, or to a POST of a body as JSON."""
    request = Request(url, data=None if body is None else json.dumps(body).encode())
    request.add_header("Accept", "application/json, */*;q=0.5")
    if body is not None:
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with build_opener(_SameHost).open(request, timeout=seconds) as response:
            content = response.read(_ANSWER_BYTES + 1)
            if len(content) > _ANSWER_BYTES:
                raise Failed(f"GET {urlsplit(url).path} gave more than {_ANSWER_BYTES >> 20} MiB")
            return response.status, content
    except HTTPError as error:
        return error.code, error.read(1 << 20)


def decoded(content: bytes) -> Any:
    """The content as JSON; None when it is none."""
    try:
        return json.loads(content)
    except ValueError:
        return None
