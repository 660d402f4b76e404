# SPDX-License-Identifier: Apache-2.0
"""Creating a missing metadata database (spec.createDatabase)."""

from __future__ import annotations

import os
import re

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError

from superset_job.database.access import classify, is_unreachable, new_engine
from superset_job.database.rights import matches
from superset_job.locks.tables import sqlstate
from superset_job.report import JobError, describe, log

# invalid_catalog_name: a failed connect of libpq has no SQLSTATE, only this text.
_MISSING = r'database ".*" does not exist|\(1049\b'
# ER_DB_CREATE_EXISTS.
_EXISTS = r"\(1007\b"
_MAINTENANCE = "postgres"


def wanted() -> bool:
    """Whether a missing database should be created."""
    return os.environ.get("SUPERSET_OPERATOR_CREATE_DATABASE") == "1"


def missing(url: URL) -> bool:
    """Whether the server reports that it has no such database. Any other error is left to the
    next connection attempt."""
    if url.get_backend_name() not in ("postgresql", "mysql", "mariadb"):
        return False
    try:
        with new_engine(url).connect():
            return False
    except DBAPIError as error:
        return bool(re.search(_MISSING, str(error.orig)))


def check_may_create(url: URL) -> None:
    """Raises JobError DatabaseAuthFailed if the user may not create the missing database, and
    DatabaseUnreachable if the server does not answer."""
    try:
        with new_engine(_server(url)).connect() as connection:
            may = _may_create(connection, url.database or "")
    except DBAPIError as error:
        if is_unreachable(error):
            raise classify(error) from error
        raise _refused(url, classify(error).message) from error
    if not may:
        raise _refused(url, f"the user {url.username} has no right to create it")


def create(url: URL) -> None:
    """Creates the database with UTF-8. It is no error if another process creates it at the
    same time."""
    engine = new_engine(_server(url)).execution_options(isolation_level="AUTOCOMMIT")
    quoted = _quoted(engine.dialect.name, url.database or "")
    if engine.dialect.name == "postgresql":
        # template1 may have a different encoding, or sessions that prevent copying it.
        statement = f"CREATE DATABASE {quoted} ENCODING 'UTF8' TEMPLATE template0"
    else:
        statement = f"CREATE DATABASE {quoted} CHARACTER SET utf8mb4"
    try:
        with engine.connect() as connection:
            # text() escapes "%", but not a colon.
            connection.execute(sa.text(statement.replace(":", r"\:")))
        log(f"created the database {url.database}")
    except DBAPIError as error:
        # duplicate_database; unique_violation if two create it at the same time.
        if sqlstate(error) in ("42P04", "23505") or re.search(_EXISTS, str(error.orig)):
            log(f"the database {url.database} was created by another process in the meantime")
            return
        if classify(error).reason == "DatabaseAuthFailed":
            raise _refused(url, describe(error)) from error
        raise classify(error) from error


def _server(url: URL) -> URL:
    """The URL of the server's maintenance database; MySQL needs no database."""
    return url.set(database=_MAINTENANCE if url.get_backend_name() == "postgresql" else "")


def _quoted(dialect: str, name: str) -> str:
    quote = '"' if dialect == "postgresql" else "`"
    return quote + name.replace(quote, quote * 2) + quote


def _refused(url: URL, why: str) -> JobError:
    return JobError(
        "DatabaseAuthFailed",
        f"the database {url.database} does not exist and cannot be created: {why};"
        " create it, or grant the user that right (PostgreSQL: CREATEDB, and CONNECT to the database"
        f" {_MAINTENANCE}; MySQL: CREATE)",
    )


def _may_create(connection: Connection, database: str) -> bool:
    if connection.dialect.name == "postgresql":
        question = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
        return bool(connection.exec_driver_sql(question).scalar())
    grants = connection.exec_driver_sql("SHOW GRANTS FOR CURRENT_USER").scalars().all()
    return any(_grants_create(grant, database) for grant in grants)


def _grants_create(grant: str, database: str) -> bool:
    """Whether one line of MySQL's SHOW GRANTS allows creating the database."""
    found = re.match(r"GRANT (.*) ON (?:`(.*)`|\*)\.\* TO ", grant)
    if not found:
        return False
    if not {"ALL PRIVILEGES", "CREATE"} & {right.strip() for right in found[1].split(",")}:
        return False
    return matches(found[2] or "%", database)
