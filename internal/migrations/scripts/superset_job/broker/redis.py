# SPDX-License-Identifier: Apache-2.0
"""Access to the Celery broker without Superset's app."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from superset_job.report import JobError
from superset_job.report.connections import broker_url

_CONNECT_SECONDS = 3
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def check_cache_url() -> None:
    """Raises JobError ConfigInvalid if SUPERSET_CACHE_URL is set and not the URL of one Redis. All
    caches, the results backend and the broker use it."""
    url = os.environ.get("SUPERSET_CACHE_URL")
    if url is None or url.startswith(("redis://", "rediss://")):
        return
    scheme = _SCHEME.match(url)
    advice = "write redis:// or rediss:// with host and port of one Redis or Valkey"
    if not url.strip():
        what = "is empty"
    elif not scheme:  # it may begin with the password
        what = "does not begin with redis:// or rediss://"
    else:
        what = f"begins with {scheme[0]}, which is not supported"
        if "sentinel" in scheme[0].lower():
            advice = "Redis Sentinel is not supported: " + advice + ", such as a Service or proxy that leads to the primary"
        elif scheme[0].lower().startswith(("amqp", "pyamqp", "sqs", "kafka", "confluentkafka")):
            advice = "the caches need a Redis: " + advice + ", and name the broker in cache.broker.urlFrom"
    raise JobError("ConfigInvalid", f"the cache URL in the Secret (spec.cache.urlFrom) {what}: {advice}")


def _options(**options: float) -> dict[str, object]:
    """Options of the broker's transport, with the prefix of spec.cache.keyPrefix."""
    prefix = os.environ.get("SUPERSET_CACHE_KEY_PREFIX")
    return {**options, **({"global_keyprefix": f"{prefix}:"} if prefix else {})}


def celery_client() -> Any:  # celery has no types
    """A Celery app with the broker and without tasks. Raises JobError ConfigInvalid."""
    import celery

    url = broker_url()
    if not url:
        raise JobError("ConfigInvalid", "workers need a broker: set SUPERSET_CACHE_URL (spec.cache)")
    client = celery.Celery(broker=with_certificate_check(url))
    client.conf.update(broker_connection_retry=False, broker_transport_options=_options(socket_connect_timeout=10))
    return client


def connected_client() -> Any:
    """The app of celery_client, connected to the broker. Without an answer of the broker it fails
    within seconds: by default, Celery tries again a hundred times."""
    client = celery_client()
    limits = _options(socket_connect_timeout=_CONNECT_SECONDS, socket_timeout=_CONNECT_SECONDS, max_retries=0)
    client.conf.update(broker_transport_options=limits, broker_connection_max_retries=0)
    with client.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=_CONNECT_SECONDS)
    return client


def with_certificate_check(url: str) -> str:
    """The URL with an ssl_cert_reqs that both Celery and redis-py accept, as in the generated
    superset_config.py: Celery rejects rediss:// without it, and redis-py accepts only the
    short names."""
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return url
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    requirement = query.get("ssl_cert_reqs") or "required"
    query["ssl_cert_reqs"] = requirement.lower().removeprefix("cert_")
    return urlunsplit(parts._replace(query=urlencode(query)))
