# SPDX-License-Identifier: Apache-2.0
"""The first container of a backup, its check, a restore or a rehearsal: writes what the database's client
programs in the next container need.

Only Superset's image has the driver that can interpret the URL, and only the database's image
has pg_dump. They share an in-memory folder with the connection files
(database/client.py), facts.sh, and others, which lists relations in the schema that
belong to another owner. It waits for a running migration to end, because a partially
migrated database must neither be backed up nor be restored into.
"""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from superset_job import report
from superset_job.copies import scratch
from superset_job.copies.outcome import custom
from superset_job.report import JobError, Result, log

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


# Tables, views and sequences of another owner: they are not dumped, dropped or restored.
_OTHERS = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
AND NOT pg_has_role(c.relowner, 'USAGE') ORDER BY 1
"""

_SIZES = """
SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c
WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind = 'r'
"""

_MYSQL_BYTES = (
    "SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS UNSIGNED) FROM information_schema.tables WHERE table_schema = DATABASE()"
)


def prepare(result: Result) -> None:
    try:
        import sqlalchemy  # noqa: F401  (imported here to name what is missing)
    except ImportError as error:
        raise JobError("ImageBroken", f"the image lacks a Python module: {error}") from error
    from superset_job.copies import accept
    from superset_job.database.access import check_primary, database_url, read_only
    from superset_job.database.client import write_connection, write_private
    from superset_job.database.pooler import check_dump
    from superset_job.locks.lock import migration_lock

    url = database_url()
    folder = Path(os.environ.get("SUPERSET_OPERATOR_SHARED_DIR", "/run/superset-operator"))
    if url.get_backend_name() not in ("postgresql", "mysql", "mariadb"):
        raise JobError(
            "ConfigInvalid",
            f"a {url.get_backend_name()} database can be neither backed up nor restored: use PostgreSQL or MySQL,"
            " or remove spec.upgrade.backup",
        )
    if scratch.wanted() and url.get_backend_name() != "postgresql":
        raise JobError(
            "ConfigInvalid",
            f"only an upgrade on PostgreSQL can be rehearsed, not on {url.get_backend_name()}: set rehearsal: Never",
        )
    check_primary(url, result)
    if _dumps():
        check_dump(url)
    with migration_lock(url):
        facts, others = _facts(url, result)
        if accept.wanted() and not custom():
            with read_only(url) as connection:
                accept.check_accepted(connection, result)
        elif os.environ.get("SUPERSET_OPERATOR_BACKUP_CHECK") == "1" and not custom():
            facts["DATABASE_BYTES"] = _check_may_dump(url)
        if scratch.wanted():
            facts |= _copy_facts(url, facts["SCHEMA"], folder)
    write_connection(url, folder)
    write_private(folder / "facts.sh", "".join(f"{name}={shlex.quote(value)}\n" for name, value in facts.items()))
    write_private(folder / "others", "".join(f"{other}\n" for other in others))
    log(f"{facts['DIALECT']} {facts['SERVER_VERSION']} at {result.revision or 'no revision (never migrated)'}")
    if scratch.wanted():
        scratch.write(url, folder)


def _dumps() -> bool:
    """Whether the next container dumps the database: not for a restore, whose settings end with
    its transaction, and not if the user's command runs instead."""
    return scratch.wanted() or "SUPERSET_OPERATOR_BACKUP_KEEP" in os.environ and not custom()


def _check_may_dump(url: URL) -> str:
    """The size of the tables in bytes. Raises JobError BackupFailed if the user cannot dump them."""
    from superset_job.database.access import read_only
    from superset_job.database.rights import check_may_dump

    with read_only(url) as connection:
        check_may_dump(connection)
        if connection.dialect.name == "postgresql":
            return str(sum(size for _, size in connection.exec_driver_sql(_SIZES)))
        return str(connection.exec_driver_sql(_MYSQL_BYTES).scalar())


def _copy_facts(url: URL, schema: str, folder: Path) -> dict[str, str]:
    """More facts for copy.sh. Writes the list of tables whose rows it does not copy."""
    from superset_job.database.access import read_only
    from superset_job.database.client import write_private

    requested = [name.strip() for name in os.environ.get("SUPERSET_OPERATOR_EXCLUDE_DATA", "").split(",")]
    with read_only(url) as connection:
        sizes = {name: size for name, size in connection.exec_driver_sql(_SIZES)}
    excluded = [name for name in requested if name in sizes]
    patterns = "".join(f"{_identifier(schema)}.{_identifier(name)}\n" for name in excluded)
    write_private(folder / "excluded", patterns)
    return {
        "EXCLUDED": ",".join(excluded),
        "SOURCE_BYTES": str(sum(size for name, size in sizes.items() if name not in excluded)),
        "SCHEMA_LITERAL": schema.replace("'", "''"),
        "MARK": scratch.MARK,
    }


def _facts(url: URL, result: Result) -> tuple[dict[str, str], list[str]]:
    """The facts about the database for the shell, and patterns of relations to exclude."""
    from superset_job.database.access import read_only, read_revision
    from superset_job.database.identity import read_identity
    from superset_job.locks.lock import lock_name

    with read_only(url) as connection:
        read_identity(url, connection, result)
        try:
            result.revision = read_revision(connection)
        except JobError as error:
            if error.reason != "MultipleHeads":
                raise
            log(f"{error.message}: left by an interrupted migration; a restore fixes it")
        dialect = "postgresql" if connection.dialect.name == "postgresql" else "mysql"  # decides which client is used
        database = url.database or ""
        if dialect == "postgresql":
            version = connection.exec_driver_sql("SHOW server_version").scalar()
            schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
            database = connection.exec_driver_sql("SELECT current_database()").scalar() or database
            if not schema:
                raise JobError("ConfigInvalid", "no schema of the user's search_path exists: create it, or fix the search_path")
            others = [f"{_identifier(schema)}.{_identifier(name)}" for name in connection.exec_driver_sql(_OTHERS).scalars()]
        else:
            version, schema, others = connection.exec_driver_sql("SELECT VERSION()").scalar(), database, []
    facts = {
        "DIALECT": dialect,
        "DATABASE": database,
        "DATABASE_JSON": json.dumps(database),
        "IDENTITY_JSON": json.dumps(result.facts["identity"]),
        "SCHEMA": schema,
        "SCHEMA_JSON": json.dumps(schema),
        "SCHEMA_PATTERN": _identifier(schema),
        "REVISION": result.revision or "",
        "SERVER_VERSION": str(version),
        "LOCK": lock_name(dialect, url.database or ""),
    }
    return facts, others


def _identifier(name: str) -> str:
    """A quoted name for SQL and for patterns of pg_dump, in which quotes disable wildcards."""
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    report.run("prepare", prepare, last=False)
