# SPDX-License-Identifier: Apache-2.0
"""Checks whether an upgrade to this image can work. Writes nothing to the database.

Cheap and reliable checks come first: the migration graph, the driver, the database, and the
queries of verify. Then the app is started with a temporary SQLite database, because Superset
writes into the database that it starts with. DatabaseAhead is raised last: after an Image
rollback the operator expects it, and needs to know that there is no other problem. From the
running release, if there is one, it reads the chart results that verify compares with. Whether a
Job reaches web is reported, and never a failure. Packages are resolved and installed before it
starts, see packages.py. If
migrate is to create the database, a missing database counts as one that was never migrated.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

from superset_job import report
from superset_job.report import JobError, Result, log

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy.engine import URL, Connection
    from sqlalchemy.engine.reflection import Inspector

    from superset_job.revisions.graph import Graph

# Number of stored secrets to decrypt. A wrong key succeeds by chance for one of some hundred
# secrets; a single failure shows that the key is wrong.
_SECRETS_SAMPLED = 20


def inspect(result: Result) -> None:
    from superset_job.app.settings import read_settings
    from superset_job.app.version import check_version
    from superset_job.revisions.graph import read_graph

    _read_packages(result)
    check_version(result)
    graph = read_graph()
    result.head = graph.head
    try:
        import sqlalchemy as sa
    except ImportError as error:
        raise JobError("ImageBroken", f"the image lacks a Python module: {error}") from error
    from superset_job.app.secrets import direction
    from superset_job.broker.others import read_workers
    from superset_job.broker.redis import check_cache_url
    from superset_job.database import create, pooler
    from superset_job.database.access import check_may_migrate, database_url, read_facts, read_only
    from superset_job.database.application import check as check_application
    from superset_job.database.rights import check_may_migrate_mysql
    from superset_job.init.roles import read_roles
    from superset_job.init.wanted import check as check_init
    from superset_job.web import queries, user
    from superset_job.web.service import reaches_web

    url = database_url()
    check_cache_url()
    direction()
    application = False
    missing = create.wanted() and create.missing(url)
    if missing:
        result.database = url.get_backend_name()
        create.check_may_create(url)
    else:
        read_facts(url, result)
        application = _read_more(url, result)
        check_application(url, result)
    log(f"database: {result.database} at {result.revision or 'no revision (never migrated)'}")
    read_settings(result)
    ahead: JobError | None = None
    try:
        result.pending = graph.pending(result.revision)
        log(f"{len(result.pending)} of {len(graph.parents)} revisions to apply to reach {result.head}")
    except JobError as error:
        ahead = error if application else _another_application(result)
    if result.pending:
        if not missing:
            with read_only(url) as connection:
                check_may_migrate(connection)
                check_may_migrate_mysql(connection, [graph.files[revision] for revision in result.pending])
            if result.revision and os.environ.get("SUPERSET_OPERATOR_DUMPS") == "1":
                pooler.check_dump(url)
        result.path = _path(graph, result)
    queries.check_queries()
    with tempfile.TemporaryDirectory(prefix="preflight-") as folder:
        app = _scratch_app(f"sqlite:///{folder}/scratch.db")
        log("the app starts")
        check_init(app.config)
        read_workers(result)
        if not missing:
            _decrypt_stored_secrets(app, url, sa)
            read_roles(app, url, result)
    if os.environ.get("SUPERSET_OPERATOR_WEB_READY") != "1" or reaches_web(result):
        result.charts = user.baseline()
    if ahead:
        raise ahead


def _read_packages(result: Result) -> None:
    """Stores what the init container has resolved of spec.packages, if it had to."""
    if file := os.environ.get("SUPERSET_OPERATOR_RESOLVED"):
        with open(file, encoding="utf-8") as lines:
            result.packages = lines.read().split()


def _read_more(url: URL, result: Result) -> bool:
    """Stores more facts about the database in the result. Returns whether it has tables of Superset."""
    from superset_job.broker.others import read_sessions
    from superset_job.database.access import read_only
    from superset_job.database.identity import read_identity, read_tables, schema_of_tables

    with read_only(url) as connection:
        read_identity(url, connection, result)
        read_tables(connection, result)
        read_sessions(connection, result)
        return schema_of_tables(connection) is not None


def _another_application(result: Result) -> JobError:
    return JobError(
        "DatabaseAhead",
        f"the table alembic_version has revision {result.revision}, which no release of Superset up to this image has, and there"
        " is no table of Superset: another application uses this database; name an own database or schema for Superset in the URI",
    )


def _path(graph: Graph, result: Result) -> dict[str, object]:
    """The classes of the pending revisions, by static analysis."""
    from superset_job.revisions.verdict import judge, path_of

    verdicts = judge(graph.files, result.pending or [])
    # In an empty database no data is at risk, so the details are of no interest.
    path = path_of(verdicts, details=result.revision is not None)
    for verdict in verdicts if result.revision else []:
        log(f"{verdict.revision}: {verdict.change} by static analysis, downgrade {verdict.downgrade}: {verdict.why}")
    return path


def _scratch_app(scratch: str) -> Flask:
    from superset_job.app.start import create_app, isolate

    os.environ["SUPERSET_DATABASE_URI"] = scratch
    return create_app(lambda config: isolate(config, scratch))


def _decrypt_stored_secrets(app: Flask, url: URL, sa: Any) -> None:
    """Decrypts secrets of the real database as the app does, with the adapter of its
    configuration. During a change of the key, each secret must be readable with one of the
    two keys."""
    from superset_job.app.secrets import previous_key
    from superset_job.database.access import read_only

    with app.app_context(), read_only(url) as connection:
        names = _secret_columns(sa.inspect(connection))
        if not names:
            return
        rows = connection.exec_driver_sql(
            f"SELECT id FROM dbs WHERE COALESCE({', '.join(names)}) IS NOT NULL ORDER BY id DESC LIMIT {_SECRETS_SAMPLED}"
        )
        ids = rows.scalars().all()
        adapter = app.config["SQLALCHEMY_ENCRYPTED_FIELD_TYPE_ADAPTER"]()
        keys = [app.config["SECRET_KEY"]] + [key for key in [previous_key()] if key]
        secrets = [adapter.create({**app.config, "SECRET_KEY": key}, sa.Text) for key in keys]
        for row in ids:
            errors = [_error_of_reading(connection, row, names, secret, sa) for secret in secrets]
            if None not in errors:
                raise JobError(
                    "SecretKeyInvalid",
                    f"the secret key {'and the previous one do' if keys[1:] else 'does'} not decrypt the passwords"
                    " stored in the database (table dbs): put the key that encrypted them back into the Secret",
                ) from errors[0]
    log(f"the secret key decrypts the stored passwords ({len(ids)} tested)")


def _error_of_reading(connection: Connection, row: int, names: list[str], secret: Any, sa: Any) -> Exception | None:
    """The error when a row of dbs is read with that type of secret; None if there is none."""
    query = sa.text(f"SELECT {', '.join(names)} FROM dbs WHERE id = :id").columns(**{name: secret for name in names})
    try:
        connection.execute(query, {"id": row}).fetchall()
    except sa.exc.DBAPIError:
        raise
    except Exception as error:  # a cipher may raise anything for a wrong key
        return error
    return None


def _secret_columns(inspector: Inspector) -> list[str]:
    """The secret columns that the table dbs has: the schema may be old or partially
    migrated."""
    if not inspector.has_table("dbs"):
        return []
    existing = {column["name"] for column in inspector.get_columns("dbs")}
    return [name for name in ("password", "encrypted_extra") if name in existing]


if __name__ == "__main__":
    report.run("inspect", inspect)
