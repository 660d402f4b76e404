# SPDX-License-Identifier: Apache-2.0
"""Access to the metadata database with plain SQL: connecting, reading its revision, and
translating its errors into reasons and advice."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from superset_job.report import JobError, Result, describe, log

CONNECT_SECONDS = 10
STATEMENT_SECONDS = 30
# How long a server that refuses connections for now is asked again, and how often.
_PATIENCE_SECONDS = 30.0
_PAUSE_SECONDS = 2.0

# The name of each driver's connect timeout, which is in seconds.
_CONNECT_TIMEOUT = {
    "psycopg2": "connect_timeout",
    "psycopg": "connect_timeout",
    "pg8000": "timeout",
    "mysqldb": "connect_timeout",
    "pymysql": "connect_timeout",
    "mysqlconnector": "connection_timeout",
}

# The packages of drivers that have wheels.
_PACKAGES = {
    "postgresql": "psycopg2-binary",
    "postgresql+psycopg2": "psycopg2-binary",
    "postgresql+psycopg": "'psycopg[binary]'",
    "mysql+pymysql": "PyMySQL",
}
# SQLSTATE is checked first, but psycopg2 has none for a failed connect. Then the text of libpq
# and the server decides, or MySQL's error number. The first match wins.
_REASON_OF_STATE = {
    "28P01": "DatabaseAuthFailed",
    "28000": "DatabaseAuthFailed",
    "42501": "DatabaseAuthFailed",
    "25006": "DatabaseReadOnly",
    "57014": "DatabaseUnreachable",
}
# The server, or a proxy in front of it, answers but does not serve now: too many connections,
# a start, a stop, a failover. 1105 is the unknown error with which proxies for MySQL answer, and
# 1047 is that of a Galera node without a quorum. 08P01 is not one of them: PgBouncer reports
# every error with it.
_NOT_NOW_STATES = ("53300", "57P01", "57P02", "57P03", "08000", "08001", "08003", "08004", "08006")
_NOT_NOW_NUMBERS = (1040, 1047, 1053, 1105, 1203, 1226)
_NOT_NOW_TEXT = re.compile(
    r"too many (clients|connections)|remaining connection slots|the database system is|connection limit exceeded"
    r"|no more connections allowed|query_wait_timeout|server login has been failing|due to administrator command",
    re.IGNORECASE,
)
_REASON_OF_TEXT = (
    (
        "DatabaseAuthFailed",
        r"password authentication failed|authentication failed|no password supplied"
        r"|no pg_hba\.conf entry|permission denied|role \".*\" does not exist"
        r"|\((1044|1045|1142|1698|2059)\b",
    ),
    ("DatabaseReadOnly", r"read-only transaction|\((1290|1792|1836)\b"),
    (
        "DatabaseUnreachable",
        r"could not connect|connection refused|could not translate host"
        r"|timeout expired|timed out|connection to server .* failed|server closed the connection"
        r"|connection (already|has been|is) closed|could not (receive|send) data|no route to host"
        r"|unable to open database file|\((1049|2002|2003|2005|2006|2013)\b",
    ),
)
_UNRESOLVED = r"could not translate host|name or service not known|unknown mysql server host|\(2005\b"
_ADVICE = {
    "DatabaseAuthFailed": "the database rejected the user, the password or an operation that needs more privileges:"
    " check the URI in the Secret and the user's privileges",
    "DatabaseReadOnly": "the database is read-only (a replica?): name the primary in the URI",
    "DatabaseUnreachable": "the database does not answer: check host, port and database name of the URI,"
    " network policies and that the server runs",
}
_NOT_NOW_ADVICE = (
    "the database, or a proxy in front of it, does not accept connections or statements now:"
    " check its limits of connections and whether it restarts"
)
# libpq's parameters of TCP keepalives, in seconds. A network drops connections that are idle for
# minutes, and without keepalives a session waits for hours until it notices.
_KEEPALIVES = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


def database_url() -> URL:
    """The metadata database's URL from SUPERSET_DATABASE_URI. Raises JobError ConfigInvalid."""
    return check_url(os.environ.get("SUPERSET_DATABASE_URI", ""))


def check_url(text: str, where: str = "") -> URL:
    """The URL of a text, which comes from a field of spec. Raises JobError ConfigInvalid."""
    source = f"the Secret of {where}" if where else "the Secret"
    if text != text.strip():  # it would be taken for a part of the database's name
        raise JobError(
            "ConfigInvalid",
            f"the database URI in {source} begins or ends with white space, such as the line feed that echo adds:"
            " store it without, for example with kubectl create secret --from-literal",
        )
    if text.startswith(("postgres://", "postgres+")):
        raise JobError(
            "ConfigInvalid",
            f"the database URI in {source} begins with postgres, which SQLAlchemy does not accept since 1.4:"
            " write postgresql:// or postgresql+psycopg2://",
        )
    try:
        return make_url(text)
    except (ArgumentError, ValueError) as error:
        raise JobError(
            "ConfigInvalid",
            f"the database URI in {source} is "
            + (
                "not a URL; write dialect+driver://user:password@host:port/name,"
                " with special characters of user and password percent-encoded"
                if text
                else "empty"
            ),
        ) from error


def new_engine(url: URL) -> Engine:
    """An engine without a pool. Raises JobError DriverMissing."""
    try:
        dialect = url.get_dialect()
        timeout = _CONNECT_TIMEOUT.get(dialect.driver)
        arguments = {timeout: CONNECT_SECONDS} if timeout and timeout not in url.query else {}
        return sa.create_engine(url, poolclass=NullPool, connect_args=arguments)
    except (NoSuchModuleError, ImportError) as error:
        raise JobError(
            "DriverMissing",
            f"the image cannot load the database driver of {url.drivername}:// ({describe(error)});"
            f" {_remedy(url)} (official images carry none since 4.1)",
        ) from error


def _remedy(url: URL) -> str:
    package = _PACKAGES.get(url.drivername)
    return f"add packages: [{package}] to spec, or install it in the image" if package else "install it in the image"


@event.listens_for(Engine, "do_connect")  # type: ignore[untyped-decorator]  # sqlalchemy is not installed for mypy
def _keep_alive(dialect: Any, _record: Any, _positional: Any, arguments: dict[str, Any]) -> None:
    """Sets keepalives for every session of this process, those of Superset's app too, unless the
    URL or the app sets them."""
    if dialect.name == "postgresql" and dialect.driver in ("psycopg2", "psycopg"):
        for name, value in _KEEPALIVES.items():
            arguments.setdefault(name, value)


def connect(url: URL) -> Connection:
    """A new connection. While the server answers but does not accept connections, it is asked
    again for up to 30 s."""
    engine, deadline, waits = new_engine(url), time.monotonic() + _PATIENCE_SECONDS, False
    while True:
        try:
            return engine.connect()
        except DBAPIError as error:
            if not _not_now(error) or time.monotonic() >= deadline:
                raise
            if not waits:
                log(f"asking the database again for up to {_PATIENCE_SECONDS:.0f} s: {describe(error)}")
            waits = True
        time.sleep(_PAUSE_SECONDS)


@contextmanager
def read_only(url: URL) -> Iterator[Connection]:
    """A connection in a read-only transaction with a short statement timeout. Raises JobError
    DatabaseReadOnly for a replica: the server itself must accept writes."""
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        url = url.set(database=":memory:")  # connecting would create the file
    try:
        with connect(url) as connection:
            with connection.begin():
                _refuse_replica(connection)
            with connection.begin():
                _forbid_writes(connection)
                yield connection
    except DBAPIError as error:
        raise classify(error) from error


def _refuse_replica(connection: Connection) -> None:
    queries = {"postgresql": "SHOW transaction_read_only", "mysql": "SELECT @@global.read_only"}
    statement = queries.get(connection.dialect.name)
    if statement and str(connection.exec_driver_sql(statement).scalar()) in ("on", "1"):
        raise JobError("DatabaseReadOnly", _ADVICE["DatabaseReadOnly"])


def check_may_migrate(connection: Connection) -> None:
    """Raises JobError DatabaseReadOnly if the user may read the tables but not migrate them.
    PostgreSQL only. Only the tables that every release has are checked: others in the schema
    may belong to another application."""
    if connection.dialect.name != "postgresql":
        return
    user, schema, creates, foreign = connection.exec_driver_sql(
        "SELECT current_user, current_schema(), has_schema_privilege(current_schema(), 'CREATE'),"
        " (SELECT min(tablename) FROM pg_tables WHERE schemaname = current_schema()"
        " AND tablename IN ('alembic_version', 'ab_user', 'dashboards', 'dbs', 'slices', 'tables')"
        " AND NOT pg_has_role(tableowner, 'USAGE'))"
    ).one()
    if foreign or not creates:
        lack = f"does not own the table {foreign}" if foreign else f"has no CREATE privilege in the schema {schema}"
        raise JobError(
            "DatabaseReadOnly",
            f"the database user {user} may not migrate: it {lack};"
            " name the owner of Superset's tables in the URI, or make this user a member of that role",
        )


def _forbid_writes(connection: Connection) -> None:
    name = connection.dialect.name
    if name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
    else:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    if name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {STATEMENT_SECONDS * 1000}")


def read_revision(connection: Connection) -> str | None:
    """The revision in alembic_version; None if the database was never migrated, even if it has
    tables (Superset creates some at every start). Raises JobError MultipleHeads."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    rows = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    if len(rows) > 1:
        raise JobError(
            "MultipleHeads",
            f"the database's table alembic_version has {len(rows)} rows ({', '.join(sorted(rows))})"
            " instead of one: repair it with superset db stamp before you upgrade",
        )
    return rows[0] if rows else None


def check_primary(url: URL, result: Result) -> None:
    """Raises JobError DatabaseReadOnly if the server does not accept writes. Reads no table,
    because another migration may have locked them."""
    result.database = url.get_backend_name()
    with read_only(url):
        pass


def read_facts(url: URL, result: Result) -> None:
    """Stores the database's dialect and revision in the result."""
    result.database = url.get_backend_name()
    with read_only(url) as connection:
        result.revision = read_revision(connection)


def classify(error: BaseException) -> JobError:
    """The JobError for an error of a driver; its reason is Unexpected if the error is not
    known."""
    original = getattr(error, "orig", None) or error
    reason = _REASON_OF_STATE.get(getattr(original, "pgcode", None) or "")
    text = str(original)
    if reason is None and 'database "' in text and "does not exist" in text:
        reason = "DatabaseUnreachable"
    for candidate, pattern in _REASON_OF_TEXT:
        if reason is None and re.search(pattern, text, re.IGNORECASE):
            reason = candidate
    if reason in (None, "DatabaseUnreachable") and _not_now(error):
        return JobError("DatabaseUnreachable", f"{_NOT_NOW_ADVICE} ({describe(error)})")
    if reason is None:
        return JobError("Unexpected", describe(error))
    advice = _ADVICE[reason]
    if reason == "DatabaseUnreachable" and re.search(_UNRESOLVED, text, re.IGNORECASE):
        advice = "the host of the database URI has no address: check its spelling, namespace and the cluster's DNS"
    return JobError(reason, f"{advice} ({describe(error)})")


def is_unreachable(error: BaseException) -> bool:
    """Whether an error says that the connection failed or was lost, or that the server does not
    serve now. A statement that was cancelled is no such error."""
    if not isinstance(error, DBAPIError) or getattr(error.orig, "pgcode", None) == "57014":
        return False
    return classify(error).reason == "DatabaseUnreachable"


def _not_now(error: BaseException) -> bool:
    """Whether the server answers but does not serve now: another attempt may succeed soon."""
    original = getattr(error, "orig", None) or error
    state = getattr(original, "pgcode", None) or getattr(original, "sqlstate", None)
    number = getattr(original, "errno", None) or next(iter(getattr(original, "args", ())), None)
    return state in _NOT_NOW_STATES or number in _NOT_NOW_NUMBERS or bool(_NOT_NOW_TEXT.search(str(original)))
