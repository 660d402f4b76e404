# SPDX-License-Identifier: Apache-2.0
"""The connection of the application, if the Jobs have one of their own (spec.database.jobs): both must
lead to one database and one schema, and the application must be able to use what the Jobs create.
Nothing is written: the privileges are those of the catalog."""

from __future__ import annotations

import os
import secrets

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError

from superset_job.database.access import check_url, classify, connect
from superset_job.database.pooler import leaks
from superset_job.database.rights import missing_rights
from superset_job.report import JobError, Result, log
from superset_job.report.connections import APPLICATION_URI

_USED = ("SELECT", "INSERT", "UPDATE", "DELETE")
_SCHEMA = "quote_ident(current_schema())::regnamespace"
_MAY_USE = "SELECT has_schema_privilege(:role, current_schema(), 'USAGE')"
# What belongs to the role of the Jobs and the application may not use. It only reads alembic_version.
_UNUSABLE = f"""
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = {_SCHEMA} AND c.relkind IN ('r', 'p', 'S') AND pg_has_role(c.relowner, 'USAGE')
AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(:role, c.oid, 'USAGE')
  WHEN c.relname = 'alembic_version' THEN NOT has_table_privilege(:role, c.oid, 'SELECT')
  ELSE NOT ({" AND ".join(f"has_table_privilege(:role, c.oid, '{right}')" for right in _USED)}) END
ORDER BY 1 LIMIT 3
"""
# The privileges that the application does not get for what the role of the Jobs will create.
_NOT_GRANTED = f"""
SELECT n.kind, n.name FROM (VALUES {", ".join(f"('r', '{right}')" for right in _USED)}, ('S', 'USAGE')) n (kind, name)
WHERE NOT pg_has_role(:role, current_user, 'USAGE') AND NOT EXISTS (
  SELECT FROM pg_default_acl a, aclexplode(a.defaclacl) e
  WHERE pg_get_userbyid(a.defaclrole) = current_user AND a.defaclobjtype = n.kind::"char"
  AND a.defaclnamespace IN (0, {_SCHEMA}) AND e.privilege_type = n.name
  AND (e.grantee = 0 OR pg_has_role(:role, e.grantee, 'USAGE')))
"""


def check(url: URL, result: Result) -> None:
    """Raises JobError ConfigInvalid if the connection of the application, if there is another, leads
    to another database than the URL, and DatabaseAuthFailed if its role cannot use what the Jobs
    create. Stores which of the two lead to a pooler in transaction mode in the result."""
    text = os.environ.get(APPLICATION_URI)
    if text is None:
        return
    application = check_url(text, "spec.database")
    if application.get_backend_name() != url.get_backend_name():
        raise JobError(
            "ConfigInvalid",
            f"spec.database is a {application.get_backend_name()} database and spec.database.jobs a {url.get_backend_name()} one:"
            " name the same database in both",
        )
    try:
        with connect(application) as app, connect(url) as jobs:
            _check_same(app, jobs)
            if jobs.dialect.name == "postgresql":
                _check_use(app, jobs)
            elif jobs.dialect.name != "sqlite" and (lacks := missing_rights(app, list(_USED))):
                raise _unusable(app, jobs, f"it has no {' and no '.join(lacks)} privilege for this database: grant it")
        log("spec.database and spec.database.jobs lead to one database, and the application can use what the Jobs create")
        if url.get_backend_name() == "postgresql":
            _note_poolers({"spec.database": application, "spec.database.jobs": url}, result)
    except DBAPIError as error:
        why = classify(error)
        raise JobError(why.reason, f"spec.database or spec.database.jobs: {why.message}") from error


def _check_same(app: Connection, jobs: Connection) -> None:
    """Another name of one database is no difference, nor is a pooler: a lock of one transaction is
    seen by the other one in the same database of the same server alone."""
    places = [str(_place(connection)) for connection in (app, jobs)]
    if not _share_lock(app, jobs) or places[0] != places[1]:
        raise JobError(
            "ConfigInvalid",
            f"spec.database and spec.database.jobs lead to different databases or schemas ({places[0]} and {places[1]}; the servers may"
            " differ, too): name the same database in both; the schema is the first one of the role's search_path that exists",
        )


def _place(connection: Connection) -> str:
    if connection.dialect.name == "postgresql":
        return str(connection.exec_driver_sql("SELECT current_database() || '.' || COALESCE(current_schema(), '-')").scalar())
    if connection.dialect.name == "sqlite":
        return str(connection.engine.url.database)
    return str(connection.exec_driver_sql("SELECT DATABASE()").scalar())


def _share_lock(one: Connection, other: Connection) -> bool:
    if one.dialect.name == "sqlite":
        return True
    if one.dialect.name == "postgresql":
        key = secrets.randbits(62)
        one.exec_driver_sql(f"SELECT pg_advisory_xact_lock({key})")
        return not other.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({key})").scalar()
    name = f"superset-operator.{secrets.token_hex(8)}"
    one.exec_driver_sql(f"SELECT GET_LOCK('{name}', 0)")
    try:
        return not other.exec_driver_sql(f"SELECT IS_FREE_LOCK('{name}')").scalar()
    finally:
        one.exec_driver_sql(f"SELECT RELEASE_LOCK('{name}')")


def _check_use(app: Connection, jobs: Connection) -> None:
    role = {"role": str(app.exec_driver_sql("SELECT current_user").scalar())}
    quoted = jobs.dialect.identifier_preparer.quote_identifier
    to = quoted(role["role"])
    schema = f"SCHEMA {quoted(str(jobs.exec_driver_sql('SELECT current_schema()').scalar()))}"
    if not jobs.execute(sa.text(_MAY_USE), role).scalar():
        raise _unusable(app, jobs, f"run: GRANT USAGE ON {schema} TO {to}")
    if names := jobs.execute(sa.text(_UNUSABLE), role).scalars().all():
        raise _unusable(
            app,
            jobs,
            f"it may not read and write all of {', '.join(names)}: run GRANT {', '.join(_USED)} ON ALL TABLES IN {schema} TO {to}"
            f" and GRANT USAGE ON ALL SEQUENCES IN {schema} TO {to}",
        )
    lacks = jobs.execute(sa.text(_NOT_GRANTED), role).all()
    for kind, objects in (("r", "TABLES"), ("S", "SEQUENCES")):
        if rights := [str(name) for found, name in lacks if found == kind]:
            raise _unusable(
                app,
                jobs,
                f"run as the role of the Jobs: ALTER DEFAULT PRIVILEGES IN {schema} GRANT {', '.join(rights)} ON {objects} TO {to};"
                " or make the role of the application a member of it",
            )


def _unusable(app: Connection, jobs: Connection, what: str) -> JobError:
    statement = "SELECT current_user" if jobs.dialect.name == "postgresql" else "SELECT CURRENT_USER()"
    roles = [str(connection.exec_driver_sql(statement).scalar()) for connection in (app, jobs)]
    return JobError(
        "DatabaseAuthFailed", f"{roles[0]}, the role of spec.database, cannot use what {roles[1]} of spec.database.jobs creates: {what}"
    )


def _note_poolers(urls: dict[str, URL], result: Result) -> None:
    if found := [name for name, url in urls.items() if leaks(url)]:
        result.facts["pooler"] = f"{' and '.join(found)} {'lead' if found[1:] else 'leads'} to a pooler in transaction mode"
        log(str(result.facts["pooler"]))
