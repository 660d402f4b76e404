# SPDX-License-Identifier: Apache-2.0
"""The throw-away database that a rehearsal happens in, and the wall around it.

It is a PostgreSQL beside the rehearsal (scratch.sh), or one that the user names. From
the first container on nobody has the URL of the real database, and in the processes
that run Superset no other database, cache or broker can be reached either.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from superset_job import JobError, log

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy.engine import URL, Connection

# A table that says of a database that a rehearsal may empty it.
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
    """Whether this pod rehearses."""
    return bool(os.environ.get("SUPERSET_OPERATOR_SCRATCH_DIR"))


def write(source: URL, folder: Path) -> None:
    """Writes how to reach the throw-away database into the folder of a pod: its URL
    for Superset, its connection files for PostgreSQL's programs, and its password for
    scratch.sh, which waits for it."""
    from superset_job_client import write_connection, write_private

    own = os.environ.get("SUPERSET_OPERATOR_SCRATCH_URI", "")
    password = secrets.token_hex(16)
    url = _of_user(own, source) if own else _beside(source, password)
    for_programs = folder / "scratch"
    for_programs.mkdir(mode=0o700, exist_ok=True)
    write_connection(url, for_programs)
    write_private(folder / "scratch.uri", url.render_as_string(hide_password=False))
    if not own:
        write_private(folder / "scratch.partial", password + "\n")
        (folder / "scratch.partial").rename(folder / "scratch.password")


def _beside(source: URL, password: str) -> URL:
    """That of scratch.sh, by the driver that the images have."""
    from sqlalchemy.engine import URL

    port = int(os.environ.get("SUPERSET_OPERATOR_SCRATCH_PORT") or 54320)
    return URL.create(source.drivername, "superset", password, "127.0.0.1", port, "postgres")


def _of_user(text: str, source: URL) -> URL:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, DBAPIError

    from superset_job_database import classify, new_engine

    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise JobError("ConfigInvalid", "the URI in the Secret of rehearsalJob.scratchURIFrom is not a URL") from error
    if url.get_backend_name() != "postgresql":
        raise JobError("ConfigInvalid", "rehearsalJob.scratchURIFrom must name a PostgreSQL, as the database is one")
    try:
        with new_engine(url).connect() as scratch, new_engine(source).connect() as real:
            if _same(scratch, real):
                raise JobError(
                    "ConfigInvalid",
                    "rehearsalJob.scratchURIFrom names Superset's own database, and a rehearsal empties what it names:"
                    " name another database, which may be on the same server",
                )
            if found := scratch.exec_driver_sql(_OURS).scalar():
                raise JobError(
                    "ConfigInvalid",
                    f"the database of rehearsalJob.scratchURIFrom holds {found}, which no rehearsal has left there:"
                    " name an empty database",
                )
    except DBAPIError as error:
        why = classify(error)
        raise JobError(why.reason, f"of rehearsalJob.scratchURIFrom: {why.message}") from error
    return url


def _same(one: Connection, other: Connection) -> bool:
    """Whether two connections are to one database, whatever the names of it: an
    advisory lock is known in its own database alone."""
    key = secrets.randbits(62)
    one.exec_driver_sql(f"SELECT pg_advisory_xact_lock({key})")
    return not other.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({key})").scalar()


def enter() -> None:
    """Makes the throw-away database the only one that this process knows, before
    anything is said or loaded."""
    folder = Path(os.environ.get("SUPERSET_OPERATOR_SHARED_DIR", "/run/superset-operator"))
    try:
        os.environ["SUPERSET_DATABASE_URI"] = (folder / "scratch.uri").read_text(encoding="utf-8")
    except OSError:
        os.environ["SUPERSET_DATABASE_URI"] = ""  # and so ConfigInvalid, wherever it is asked for
    if os.environ.get("SUPERSET_CACHE_URL"):
        os.environ["SUPERSET_CACHE_URL"] = NOWHERE


def create_app(url: URL, adjust: Any = lambda config: None) -> Flask:
    """Superset's app on the throw-away database, with everything else cut off."""
    import superset_job_app
    from superset_job_secrets import key_of_stored

    allow_only(url)
    key = key_of_stored(url)

    def isolate(config: Any) -> None:
        superset_job_app.isolate(config, url.render_as_string(hide_password=False))
        config.SECRET_KEY = key
        before = config.CELERY_CONFIG
        config.CELERY_CONFIG = type(
            "Nowhere",
            (before,) if isinstance(before, type) else (),
            {"broker_url": "memory://", "result_backend": "cache+memory://"},
        )
        adjust(config)

    return superset_job_app.create_app(isolate)


def allow_only(url: URL) -> None:
    """Lets SQLAlchemy connect to no other database than that of the URL, in whatever
    way an engine is made. To Superset it looks as if the other did not answer."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.exc import OperationalError

    allowed = _place(url.get_dialect()().create_connect_args(url)[1])

    def refuse(dialect: Any, _: Any, __: Any, parameters: dict[str, Any]) -> None:
        if dialect.name != "postgresql" or _place(parameters) != allowed:
            log(f"not connected to a database of {dialect.name}: a rehearsal is cut off from all but its copy")
            raise OperationalError("connect", None, Exception("cut off in a rehearsal"))

    event.listen(Engine, "do_connect", refuse)


def _place(parameters: dict[str, Any]) -> tuple[str, ...]:
    names = ("host", "port", "user")
    database = parameters.get("dbname") or parameters.get("database")
    return (*(str(parameters.get(name)) for name in names), str(database))
