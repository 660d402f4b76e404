# SPDX-License-Identifier: Apache-2.0
"""Facts about the database besides its revision: which database it is, and whether it has tables
of Superset although this connection sees no revision."""

from __future__ import annotations

import hashlib
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

from superset_job.report import Result

_IDENTITY_CHARACTERS = 128
# For what cannot be read.
_UNKNOWN = "-"

# By default every role may call pg_control_system(), but a provider may have revoked that.
_MAY_READ_SYSTEM = "SELECT has_function_privilege('pg_control_system()', 'EXECUTE')"
_SYSTEM = "SELECT system_identifier FROM pg_control_system()"
_DATABASE = "SELECT oid, datname FROM pg_database WHERE datname = current_database()"
# The schemas that the role may use and that have tables of Superset, the one of this connection
# first. Airflow has a table ab_user, too, next to its table dag.
_SCHEMAS = """
SELECT schemaname FROM pg_tables
WHERE has_schema_privilege(schemaname, 'USAGE') AND schemaname NOT LIKE 'pg\\_%%' AND schemaname <> 'information_schema'
GROUP BY schemaname HAVING bool_or(tablename = 'dbs') OR bool_or(tablename = 'ab_user') AND NOT bool_or(tablename = 'dag')
ORDER BY schemaname <> COALESCE(current_schema(), ''), schemaname LIMIT 1
"""


def read_identity(url: URL, connection: Connection, result: Result) -> None:
    """Stores the database's identity in the result. It has no password."""
    names = {"postgresql": _postgresql, "mysql": _mysql, "mariadb": _mysql}
    read = names.get(connection.dialect.name)
    parts = read(connection) if read else ["sqlite", str(Path(url.database or ":memory:").absolute())]
    text = "/".join(parts)
    if len(text) > _IDENTITY_CHARACTERS:
        text = f"{parts[0]}/sha256-{hashlib.sha256(text.encode()).hexdigest()}"
    result.facts["identity"] = text


def _postgresql(connection: Connection) -> list[str]:
    """The identifier of the server, which its replicas share, and oid and name of the database."""
    system = _UNKNOWN
    if connection.exec_driver_sql(_MAY_READ_SYSTEM).scalar():
        system = str(connection.exec_driver_sql(_SYSTEM).scalar())
    oid, name = connection.exec_driver_sql(_DATABASE).one()
    return ["postgresql", system, str(oid), str(name)]


def _mysql(connection: Connection) -> list[str]:
    """The identifier of the server and the name of the database. MariaDB has only that of a Galera
    cluster; its server_uid depends on the network card, which a pod changes at each start."""
    variables = dict(connection.exec_driver_sql("SHOW GLOBAL VARIABLES LIKE 'server_uuid'").fetchall())
    states = dict(connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'wsrep_cluster_state_uuid'").fetchall())
    server = variables.get("server_uuid") or states.get("wsrep_cluster_state_uuid") or _UNKNOWN
    return ["mysql", str(server), str(connection.exec_driver_sql("SELECT DATABASE()").scalar())]


def read_tables(connection: Connection, result: Result) -> None:
    """Stores in the result whether the database has tables of Superset, and their schema, if it has
    no revision."""
    if result.revision is None and (schema := schema_of_tables(connection)):
        result.facts |= {"tables": True, "tablesIn": schema}


def schema_of_tables(connection: Connection) -> str | None:
    """The schema with Superset's tables that this connection uses, or else another one that the
    role may use; None if there is none. Elsewhere it is the name of the
    database."""
    if connection.dialect.name == "postgresql":
        found = connection.exec_driver_sql(_SCHEMAS).scalar()
        return str(found) if found is not None else None
    tables = set(sa.inspect(connection).get_table_names())
    if "dbs" in tables or "ab_user" in tables and "dag" not in tables:
        return str(connection.engine.url.database or "main")
    return None
