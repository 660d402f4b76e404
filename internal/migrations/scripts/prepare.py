# SPDX-License-Identifier: Apache-2.0
"""The first container of a pod that backs up, restores or rehearses: tells the
database's own programs, in the next one, what they must know.

Only Superset's image has the driver and knows what the URL means, and only the
database's image has pg_dump. They share a folder in memory: the connection files
(superset_job_client.py), facts.sh, and others, the relations in our schema that
belong to somebody else. It waits for the end of a migration that runs, because a
half migrated database is no good to keep, and none to restore.
"""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import superset_job
import superset_job_scratch
from superset_job import JobError, Result, log

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


# Tables, views and sequences of another owner: not ours to dump, drop or restore.
_OTHERS = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
AND NOT pg_has_role(c.relowner, 'USAGE') ORDER BY 1
"""

_SIZES = """
SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c
WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind = 'r'
"""


def prepare(result: Result) -> None:
    try:
        import sqlalchemy  # noqa: F401  (asked for here to name what is missing)
    except ImportError as error:
        raise JobError("ImageBroken", f"the image misses a Python module: {error}") from error
    from superset_job_client import write_connection, write_private
    from superset_job_database import check_primary, database_url
    from superset_job_lock import migration_lock

    url = database_url()
    folder = Path(os.environ.get("SUPERSET_OPERATOR_SHARED_DIR", "/run/superset-operator"))
    if url.get_backend_name() not in ("postgresql", "mysql", "mariadb"):
        raise JobError("ConfigInvalid", f"a database of {url.get_backend_name()} can be neither backed up nor restored")
    if superset_job_scratch.wanted() and url.get_backend_name() != "postgresql":
        raise JobError(
            "ConfigInvalid",
            f"only an upgrade on PostgreSQL can be rehearsed, not on {url.get_backend_name()}: write rehearsal: Never",
        )
    check_primary(url, result)
    with migration_lock(url):
        facts, others = _ask(url, result)
        if superset_job_scratch.wanted():
            facts |= _ask_for_copy(url, facts["SCHEMA"], folder)
    write_connection(url, folder)
    write_private(folder / "facts.sh", "".join(f"{name}={shlex.quote(value)}\n" for name, value in facts.items()))
    write_private(folder / "others", "".join(f"{other}\n" for other in others))
    log(f"{facts['DIALECT']} {facts['SERVER_VERSION']} at {result.revision or 'no revision (never migrated)'}")
    if superset_job_scratch.wanted():
        superset_job_scratch.write(url, folder)


def _ask_for_copy(url: URL, schema: str, folder: Path) -> dict[str, str]:
    """Facts that copy.sh needs besides, and the tables whose rows it leaves out."""
    from superset_job_client import write_private
    from superset_job_database import read_only

    asked = [name.strip() for name in os.environ.get("SUPERSET_OPERATOR_EXCLUDE_DATA", "").split(",")]
    with read_only(url) as connection:
        sizes = {name: size for name, size in connection.exec_driver_sql(_SIZES)}
    excluded = [name for name in asked if name in sizes]
    patterns = "".join(f"{_identifier(schema)}.{_identifier(name)}\n" for name in excluded)
    write_private(folder / "excluded", patterns)
    return {
        "EXCLUDED": ",".join(excluded),
        "SOURCE_BYTES": str(sum(size for name, size in sizes.items() if name not in excluded)),
        "SCHEMA_LITERAL": schema.replace("'", "''"),
        "MARK": superset_job_scratch.MARK,
    }


def _ask(url: URL, result: Result) -> tuple[dict[str, str], list[str]]:
    """The facts of the database for the shell, and patterns for what to leave out."""
    from superset_job_database import read_only, read_revision
    from superset_job_lock import lock_name

    with read_only(url) as connection:
        try:
            result.revision = read_revision(connection)
        except JobError as error:
            if error.reason != "MultipleHeads":
                raise
            log(f"{error.message}: left by a migration that was cut off, which a restore undoes")
        dialect = "postgresql" if connection.dialect.name == "postgresql" else "mysql"  # whose client it takes
        database = url.database or ""
        if dialect == "postgresql":
            version = connection.exec_driver_sql("SHOW server_version").scalar()
            schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
            database = connection.exec_driver_sql("SELECT current_database()").scalar() or database
            if not schema:
                raise JobError("ConfigInvalid", "no schema of the search_path exists in the database")
            others = [
                f"{_identifier(schema)}.{_identifier(name)}" for name in connection.exec_driver_sql(_OTHERS).scalars()
            ]
        else:
            version, schema, others = connection.exec_driver_sql("SELECT VERSION()").scalar(), database, []
    facts = {
        "DIALECT": dialect,
        "DATABASE": database,
        "DATABASE_JSON": json.dumps(database),
        "SCHEMA": schema,
        "SCHEMA_JSON": json.dumps(schema),
        "SCHEMA_PATTERN": _identifier(schema),
        "REVISION": result.revision or "",
        "SERVER_VERSION": str(version),
        "LOCK": lock_name(dialect, url.database or ""),
    }
    return facts, others


def _identifier(name: str) -> str:
    """A name in quotes, as SQL takes it and pg_dump its patterns, where inside of quotes
    nothing else has a meaning."""
    return '"' + name.replace('"', '""') + '"'


if __name__ == "__main__":
    superset_job.run("prepare", prepare)
