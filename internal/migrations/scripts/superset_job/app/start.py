# SPDX-License-Identifier: Apache-2.0
"""Starting Superset's app. If it does not start, distinguishes a broken configuration from a
broken image."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from superset_job.database.access import classify as classify_database
from superset_job.database.access import is_unreachable
from superset_job.report import JobError, describe, log

if TYPE_CHECKING:
    from flask import Flask

_CREATE = "from superset.app import create_app; create_app()"
_BARE_SECONDS = 300


def create_app(adjust: Callable[[Any], None] = lambda config: None) -> Flask:
    """Superset's app. adjust may change the loaded configuration before it is used. Raises
    JobError.

    Superset creates missing tables in the configured database when it starts."""
    if not os.environ.get("SUPERSET_SECRET_KEY"):
        raise JobError("SecretKeyInvalid", "the secret key in the Secret is empty")
    try:
        config = importlib.import_module(os.environ.get("SUPERSET_CONFIG", "superset.config"))
        _refuse_known_key(config)
        adjust(config)
        from superset.app import create_app as create

        return create()
    except JobError:
        raise
    except (Exception, SystemExit) as error:
        raise _classify(error) from error


def isolate(config: Any, database: str) -> None:
    """Makes a loaded configuration use that database, and no cache or results backend."""
    config.SQLALCHEMY_DATABASE_URI = database
    config.SQLALCHEMY_ENGINE_OPTIONS = {}  # meant for the real database's driver
    config.RESULTS_BACKEND = None
    for name in vars(config):
        if name.endswith("CACHE_CONFIG"):
            setattr(config, name, {"CACHE_TYPE": "NullCache"})


def _refuse_known_key(config: Any) -> None:
    from superset.constants import CHANGE_ME_SECRET_KEY

    if config.SECRET_KEY in ("", CHANGE_ME_SECRET_KEY):
        raise JobError(
            "SecretKeyInvalid",
            "the secret key is the public default, with which Superset refuses to start:"
            " put a random one into the Secret, for example the output of: openssl rand -base64 42",
        )


def _classify(error: BaseException) -> JobError:
    line = _config_line(error)
    where = f"superset_config.py line {line}: " if line else ""
    if isinstance(error, ImportError) and line and (error.name or "").partition(".")[0] == "superset":
        return JobError(
            "ConfigInvalid",
            f"the configuration fails: {where}{describe(error)}; this release does not have that name:"
            " see its UPDATING.md for the replacement",
        )
    if isinstance(error, ImportError):
        return JobError("ImageBroken", f"the image lacks a Python module: {where}{describe(error)}; install it in the image")
    if line:
        return JobError("ConfigInvalid", f"the configuration fails: {where}{describe(error)}")
    if isinstance(error, DBAPIError):
        return classify_database(error)
    if (cause := _cause(error)) and is_unreachable(cause):
        return classify_database(cause)
    if _starts_without_config():
        return JobError(
            "ConfigInvalid",
            f"Superset does not start with this configuration, but does without it: {describe(error)};"
            " fix spec.config or the Python modules that it imports",
        )
    return JobError("ImageBroken", f"Superset does not start, not even without a configuration: {describe(error)}")


def _cause(error: BaseException) -> BaseException | None:
    """The database's error behind an exit: Flask-AppBuilder ends the process when it cannot read
    its tables."""
    if not isinstance(error, SystemExit):
        return None
    cause = error.__cause__ or error.__context__
    while cause is not None and not isinstance(cause, DBAPIError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _config_line(error: BaseException) -> int | None:
    """The line of superset_config.py that raised the error; None if it is from elsewhere."""
    path = os.environ.get("SUPERSET_CONFIG_PATH")
    if isinstance(error, SyntaxError):
        return error.lineno if error.filename == path else None
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    return lines[-1] if lines else None


def _starts_without_config() -> bool:
    """Whether the app starts without the user's configuration. If so, the configuration is
    the cause of the failed start, otherwise the image."""
    log("Superset did not start; starting it without the configuration")
    with tempfile.TemporaryDirectory(prefix="bare-") as folder:
        config = Path(folder, "superset_config.py")
        config.write_text(f"SECRET_KEY = 'unused'\nSQLALCHEMY_DATABASE_URI = 'sqlite:///{folder}/bare.db'\n")
        environment = {**os.environ, "SUPERSET_CONFIG_PATH": str(config), "SUPERSET_HOME": folder}
        for name in ("SUPERSET_CONFIG", "SUPERSET_DATABASE_URI", "SUPERSET_CACHE_URL"):
            environment.pop(name, None)
        bare = subprocess.run(
            [sys.executable, "-c", _CREATE],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_BARE_SECONDS,
            check=False,
        )
    return bare.returncode == 0
