# SPDX-License-Identifier: Apache-2.0
"""The scratch database of a rehearsal, and its isolation.

The scratch database is a PostgreSQL in the same pod (scratch.sh), or one that the user
names. Only the first container has the URL of the real database. The processes that run
Superset cannot reach any other database, cache or broker either.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from superset_job.report import JobError, log

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy.engine import URL, Connection

# A table that marks a database that a rehearsal may empty.
MARK = "superset_operator_rehearsal"
NOWHERE = "redis://127.0.0.1:9/0"

_OURS = f"""
SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
AND NOT EXISTS (SELECT FROM pg_class m WHERE m.relnamespace = c.relnamespace AND m.relname = '{MARK}')
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1 LIMIT 1
"""


def wanted() -> bool:
    """Whether this pod is that of a rehearsal."""
    return bool(os.environ.get("SUPERSET_OPERATOR_SCRATCH_DIR"))


def write(source: URL, folder: Path) -> None:
    """Writes the connection data of the scratch database into the pod's shared folder: the
    URL for Superset, connection files for PostgreSQL's programs, and the password for
    scratch.sh, which waits for it."""
    from superset_job.database.client import write_connection, write_private

    own = os.environ.get("SUPERSET_OPERATOR_SCRATCH_URI", "")
    password = secrets.token_hex(16)
    url = _users_database(own, source) if own else _pod_database(source, password)
    for_programs = folder / "scratch"
    for_programs.mkdir(mode=0o700, exist_ok=True)
    write_connection(url, for_programs)
    write_private(folder / "scratch.uri", url.render_as_string(hide_password=False))
    if not own:
        write_private(folder / "scratch.partial", password + "\n")
        (folder / "scratch.partial").rename(folder / "scratch.password")


def _pod_database(source: URL, password: str) -> URL:
    """The URL of scratch.sh's database, with the driver of the real URL, which the images
    are known to have."""
    from sqlalchemy.engine import URL

    port = int(os.environ.get("SUPERSET_OPERATOR_SCRATCH_PORT") or 54320)
    return URL.create(source.drivername, "superset", password, "127.0.0.1", port, "postgres")


def _users_database(text: str, source: URL) -> URL:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, DBAPIError

    from superset_job.database.access import classify, new_engine

    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise JobError("ConfigInvalid", "the URI in the Secret of rehearsalJob.scratchURIFrom is not a URL") from error
    if url.get_backend_name() != "postgresql":
        raise JobError("ConfigInvalid", "rehearsalJob.scratchURIFrom must name a PostgreSQL database, like the one to copy")
    try:
        with new_engine(url).connect() as scratch, new_engine(source).connect() as real:
            if _same(scratch, real):
                raise JobError(
                    "ConfigInvalid",
                    "rehearsalJob.scratchURIFrom names Superset's own database, and a rehearsal empties the scratch"
                    " database: name a different database; it may be on the same server",
                )
            if found := scratch.exec_driver_sql(_OURS).scalar():
                raise JobError(
                    "ConfigInvalid",
                    f"the database of rehearsalJob.scratchURIFrom holds {found}, which was not created by a rehearsal:"
                    " name an empty database",
                )
    except DBAPIError as error:
        why = classify(error)
        raise JobError(why.reason, f"rehearsalJob.scratchURIFrom: {why.message}") from error
    return url


def _same(one: Connection, other: Connection) -> bool:
    """Whether two connections use the same database, even under different host names: an
    advisory lock is visible only within its database."""
    key = secrets.randbits(62)
    one.exec_driver_sql(f"SELECT pg_advisory_xact_lock({key})")
    return not other.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({key})").scalar()


def enter() -> None:
    """Replaces the database URL of this process by that of the scratch database. Must be
    called before anything is logged or imported."""
    folder = Path(os.environ.get("SUPERSET_OPERATOR_SHARED_DIR", "/run/superset-operator"))
    try:
        os.environ["SUPERSET_DATABASE_URI"] = (folder / "scratch.uri").read_text(encoding="utf-8")
    except OSError:
        os.environ["SUPERSET_DATABASE_URI"] = ""  # database_url() then raises ConfigInvalid
    for name in ("SUPERSET_CACHE_URL", "SUPERSET_OPERATOR_BROKER_URL", "SUPERSET_OPERATOR_RESULT_BACKEND_URL"):
        if os.environ.get(name):
            os.environ[name] = NOWHERE


def create_app(url: URL, adjust: Any = lambda config: None) -> Flask:
    """Superset's app on the scratch database, isolated from everything else."""
    from superset_job.app import start
    from superset_job.app.secrets import key_of_stored

    allow_only(url)
    key = key_of_stored(url)

    def isolate(config: Any) -> None:
        start.isolate(config, url.render_as_string(hide_password=False))
        config.SECRET_KEY = key
        before = config.CELERY_CONFIG
        config.CELERY_CONFIG = type(
            "Nowhere",
            (before,) if isinstance(before, type) else (),
            {"broker_url": "memory://", "result_backend": "cache+memory://"},
        )
        adjust(config)

    return start.create_app(isolate)


def allow_only(url: URL) -> None:
    """Prevents SQLAlchemy from connecting to any other database than that of the URL, no
    matter how the engine is created. To Superset another database appears unreachable."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.exc import OperationalError

    allowed = _place(url.get_dialect()().create_connect_args(url)[1])

    def refuse(dialect: Any, _: Any, __: Any, parameters: dict[str, Any]) -> None:
        if dialect.name != "postgresql" or _place(parameters) != allowed:
            log(f"connection to a {dialect.name} database refused: a rehearsal can only reach its copy")
            raise OperationalError("connect", None, Exception("not reachable from a rehearsal"))

    event.listen(Engine, "do_connect", refuse)


def _place(parameters: dict[str, Any]) -> tuple[str, ...]:
    names = ("host", "port", "user")
    database = parameters.get("dbname") or parameters.get("database")
    return (*(str(parameters.get(name)) for name in names), str(database))
