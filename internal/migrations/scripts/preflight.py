# SPDX-License-Identifier: Apache-2.0
"""Would an upgrade to this image work? Looks, and writes nothing.

Cheap and certain checks come first: the graph of migrations, the driver, the
database, and whether verify's queries can be judged by. Then the app is brought up
against a scratch SQLite, because Superset writes into whatever database it starts
with. DatabaseAhead comes last: after a rollback of the image the operator expects it,
and then wants to know that it is the only trouble. Of the release that runs, if there
is one, it asks what verify is to compare with. A missing database is one that was
never migrated where migrate is to create it.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

import superset_job
from superset_job import JobError, Result, describe, log

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy.engine import URL, Connection
    from sqlalchemy.engine.reflection import Inspector

    from superset_job_graph import Graph

# So many stored secrets are decrypted: one proves the key wrong, and a wrong key
# passes by chance for one in some hundred.
_SECRETS_TRIED = 20


def inspect(result: Result) -> None:
    from superset_job_graph import read_graph

    graph = read_graph()
    result.head = graph.head
    try:
        import sqlalchemy as sa
    except ImportError as error:
        raise JobError("ImageBroken", f"the image misses a Python module: {error}") from error
    import superset_job_create
    import superset_job_queries
    import superset_job_use
    from superset_job_database import database_url, read_facts, read_only, refuse_reader
    from superset_job_secrets import direction

    url = database_url()
    direction()
    missing = superset_job_create.wanted() and superset_job_create.missing(url)
    if missing:
        result.database = url.get_backend_name()
        superset_job_create.refuse_who_may_not(url)
    else:
        read_facts(url, result)
    log(f"database: {result.database} at {result.revision or 'no revision (never migrated)'}")
    ahead: JobError | None = None
    try:
        result.pending = graph.pending(result.revision)
        log(f"{len(result.pending)} of {len(graph.parents)} revisions to cross to {result.head}")
    except JobError as error:
        ahead = error
    if result.pending:
        if not missing:
            with read_only(url) as connection:
                refuse_reader(connection)
        result.path = _path(graph, result)
    superset_job_queries.refuse_early()
    with tempfile.TemporaryDirectory(prefix="preflight-") as folder:
        app = _scratch_app(f"sqlite:///{folder}/scratch.db")
        log("the app comes up")
        if not missing:
            _decrypt_stored_secrets(app, url, sa)
        if not missing and result.path and result.path.get("secondConnection"):
            result.path["catalogDatabases"] = _catalog_databases(app, url, sa)
    result.charts = superset_job_use.baseline()
    if ahead:
        raise ahead


def _path(graph: Graph, result: Result) -> dict[str, object]:
    """What the revisions to cross do, by their text."""
    from superset_job_class import judge, path_of

    verdicts = judge(graph.files, result.pending or [])
    # Nothing that is stored is at risk in a database without any of it.
    path = path_of(verdicts, details=result.revision is not None)
    for verdict in verdicts if result.revision else []:
        log(f"{verdict.revision}: {verdict.change} by its text, downgrade {verdict.downgrade}: {verdict.why}")
    return path


def _scratch_app(scratch: str) -> Flask:
    from superset_job_app import create_app, isolate

    os.environ["SUPERSET_DATABASE_URI"] = scratch
    return create_app(lambda config: isolate(config, scratch))


def _decrypt_stored_secrets(app: Flask, url: URL, sa: Any) -> None:
    """Reads secrets of the real database the way the app would: by its own
    adapter, which the configuration may have replaced. While the key is being
    changed either key will do."""
    from superset_job_database import read_only
    from superset_job_secrets import previous_key

    with app.app_context(), read_only(url) as connection:
        names = _secret_columns(sa.inspect(connection))
        if not names:
            return
        rows = connection.exec_driver_sql(
            f"SELECT id FROM dbs WHERE COALESCE({', '.join(names)}) IS NOT NULL ORDER BY id DESC LIMIT {_SECRETS_TRIED}"
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
                    " stored in the database (table dbs): put back the key that they were stored with",
                ) from errors[0]
    log(f"the secret key decrypts what is stored ({len(ids)} tried)")


def _error_of_reading(connection: Connection, row: int, names: list[str], secret: Any, sa: Any) -> Exception | None:
    """What is said when the columns of a row of dbs are read as that type of secret."""
    query = sa.text(f"SELECT {', '.join(names)} FROM dbs WHERE id = :id").columns(**{name: secret for name in names})
    try:
        connection.execute(query, {"id": row}).fetchall()
    except sa.exc.DBAPIError:
        raise
    except Exception as error:  # whatever the cipher says of a wrong key
        return error
    return None


def _catalog_databases(app: Flask, url: URL, sa: Any) -> int:
    """How many of the analytics databases are of an engine with catalogs: for each of
    them the migrations to catalogs connect to it, and to the metadata database a
    second time. More than these are counted, where an engine got its catalogs later."""
    from superset_job_database import read_only

    with app.app_context(), read_only(url) as connection:
        if not sa.inspect(connection).has_table("dbs"):
            return 0
        stored = connection.execute(sa.text("SELECT sqlalchemy_uri FROM dbs")).scalars().all()
        try:
            from superset.db_engine_specs import load_engine_specs

            specs = [spec for spec in load_engine_specs() if getattr(spec, "supports_catalog", False)]
            backends = [(uri or "").split(":")[0].split("+")[0].lower() for uri in stored]
            return sum(any(spec.supports_backend(backend) for spec in specs) for backend in backends)
        except Exception as error:  # of whatever engines the image brings
            log(f"which engines have catalogs is not known ({describe(error)}): all databases are counted")
            return len(stored)


def _secret_columns(inspector: Inspector) -> list[str]:
    """Those of the table dbs in this database, which may be old or half migrated."""
    if not inspector.has_table("dbs"):
        return []
    existing = {column["name"] for column in inspector.get_columns("dbs")}
    return [name for name in ("password", "encrypted_extra") if name in existing]


if __name__ == "__main__":
    superset_job.run("inspect", inspect)
