# SPDX-License-Identifier: Apache-2.0
"""Connections that are given by parts. The URLs are made of them as in superset_config.py, by the
same module, which is next to the scripts."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

APPLICATION_URI = "SUPERSET_OPERATOR_APPLICATION_URI"


_NEEDED_FOR = (
    "SUPERSET_OPERATOR_DATABASE_DRIVER",
    "SUPERSET_OPERATOR_APPLICATION_DRIVER",
    "SUPERSET_OPERATOR_CACHE_DRIVER",
    "SUPERSET_OPERATOR_BROKER_URL",
    "SUPERSET_OPERATOR_RESULT_BACKEND_URL",
)


def complete(environment: MutableMapping[str, str]) -> None:
    """Sets the URLs whose parts the environment has. Must be called before anything is logged: what
    is redacted is taken from the environment."""
    if not any(environment.get(name) for name in _NEEDED_FOR):
        return
    folder = str(Path(__file__).parents[3])  # of the archive
    if folder not in sys.path:
        sys.path.append(folder)
    importlib.import_module("_connections").connect(environment)


def broker_url() -> str:
    """The URL of the Celery broker; empty if there is none."""
    return os.environ.get("SUPERSET_OPERATOR_BROKER_URL") or os.environ.get("SUPERSET_CACHE_URL") or ""
