# SPDX-License-Identifier: Apache-2.0
"""The privileges of the database user that a dump and the pending migrations need. Only a
privilege that is certainly missing is an error."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from superset_job.report import JobError, describe, log

# Relations of this role that pg_dump includes and cannot read: because the owner has revoked the
# right from itself, or because policies hide rows.
_UNREADABLE = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'm', 'S')
AND pg_has_role(c.relowner, 'USAGE') AND NOT EXISTS (
  SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'SELECT')
  ELSE NOT has_table_privilege(c.oid, 'SELECT') OR c.relkind IN ('r', 'p') AND row_security_active(c.oid) END
ORDER BY 1 LIMIT 3
"""
_VIEWS = "SELECT count(*) FROM information_schema.views WHERE table_schema = DATABASE()"

# What a migration calls, and the privilege that MySQL requires for it.
_NEEDS = {
    "create_table": "CREATE",
    "drop_table": "DROP",
    "create_index": "INDEX",
    "drop_index": "INDEX",
    "add_column": "ALTER",
    "add_columns": "ALTER",
    "alter_column": "ALTER",
    "drop_column": "ALTER",
    "drop_columns": "ALTER",
    "drop_constraint": "ALTER",
    "create_unique_constraint": "ALTER",
    "create_foreign_key": "REFERENCES",
    "create_fks_for_table": "REFERENCES",
    "ForeignKey": "REFERENCES",
    "ForeignKeyConstraint": "REFERENCES",
}
# What every migration writes: its revision, and permissions.
_ALWAYS = ("SELECT", "INSERT", "UPDATE")


def check_may_dump(connection: Connection) -> None:
    """Raises JobError BackupFailed if the user cannot read what a dump contains."""
    if connection.dialect.name == "postgresql":
        names = connection.exec_driver_sql(_UNREADABLE).scalars().all()
        if names:
            raise _no_dump(f"it may not read all of {', '.join(names)}: grant SELECT, or exempt it from row-level security")
        return
    needed = ["SELECT"] + (["SHOW VIEW"] if connection.exec_driver_sql(_VIEWS).scalar() else [])
    if missing := missing_rights(connection, needed):
        raise _no_dump(f"it has no {' and no '.join(missing)} privilege for this database: grant it")


def check_may_migrate_mysql(connection: Connection, files: list[Path]) -> None:
    """Raises JobError DatabaseAuthFailed if the user has not the privileges that the migrations in
    the files need. MySQL and MariaDB only."""
    if connection.dialect.name == "postgresql" or connection.dialect.name == "sqlite":
        return
    needed = [*_ALWAYS, *sorted({right for file in files for right in _needs(file)})]
    if getattr(connection.dialect, "is_mariadb", False) and "REFERENCES" in needed:
        needed.remove("REFERENCES")  # MariaDB does not use it
    if missing := missing_rights(connection, needed):
        user = connection.exec_driver_sql("SELECT CURRENT_USER()").scalar()
        raise JobError(
            "DatabaseAuthFailed",
            f"the database user {user} may not migrate: it has no {' and no '.join(missing)} privilege for this database;"
            f" run: GRANT {', '.join(missing)} ON {_quoted(connection)}.* TO {_account(str(user))}",
        )


def _no_dump(why: str) -> JobError:
    return JobError("BackupFailed", f"the database user cannot back up the database: {why}")


def _needs(file: Path) -> set[str]:
    """The privileges for what the functions of a migration call, its downgrade excepted. Classes
    describe existing tables."""
    try:
        body = ast.parse(file.read_text(encoding="utf-8")).body
    except (OSError, SyntaxError, ValueError) as error:
        log(f"{file.name} cannot be read: {describe(error)}")
        return set()
    functions = [node for node in body if isinstance(node, ast.FunctionDef) and node.name != "downgrade"]
    calls = [node.func for function in functions for node in ast.walk(function) if isinstance(node, ast.Call)]
    names = {call.attr if isinstance(call, ast.Attribute) else call.id for call in calls if isinstance(call, (ast.Attribute, ast.Name))}
    return {_NEEDS[name] for name in names if name in _NEEDS}


def missing_rights(connection: Connection, needed: list[str]) -> list[str]:
    """Those of the privileges that the user certainly does not have on the current database: no
    grant names it there, neither for the user nor for an active role, on whatever table."""
    database = str(connection.exec_driver_sql("SELECT DATABASE()").scalar())
    try:
        grants = _grants(connection)
    except DBAPIError as error:
        log(f"the privileges cannot be read: {describe(error)}")
        return []
    rights = {right for grant in grants for right in rights_of(grant, database)}
    if "ALL PRIVILEGES" in rights:
        return []
    return [right for right in needed if right not in rights]


def _grants(connection: Connection) -> list[str]:
    """SHOW GRANTS with those of active roles. MariaDB lists them by itself."""
    if getattr(connection.dialect, "is_mariadb", False):
        return list(connection.exec_driver_sql("SHOW GRANTS").scalars())
    if getattr(connection.dialect, "server_version_info", (0,)) < (8,):
        return list(connection.exec_driver_sql("SHOW GRANTS FOR CURRENT_USER()").scalars())
    roles = str(connection.exec_driver_sql("SELECT CURRENT_ROLE()").scalar() or "NONE")
    using = "" if roles == "NONE" else f" USING {roles}"
    return list(connection.exec_driver_sql(f"SHOW GRANTS FOR CURRENT_USER(){using}".replace("%", "%%")).scalars())


def rights_of(grant: str, database: str) -> set[str]:
    """The privileges that one line of SHOW GRANTS gives on a database, or on any of its tables."""
    found = re.match(r"GRANT (.*?) ON (?:TABLE )?(\*|`(?:[^`]|``)*`)\.(?:\*|`(?:[^`]|``)*`) TO ", grant)
    if not found or found[2] != "*" and not matches(found[2][1:-1], database):
        return set()
    columns = re.compile(r"\s*\([^)]*\)")
    return {right.strip().upper() for right in columns.sub("", found[1]).split(",")}


def matches(pattern: str, database: str) -> bool:
    """Whether the name of a database in a grant, without its quotes, means the database. It is a
    pattern: _ matches any character and % any number of them, unless escaped."""
    pattern = pattern.replace("``", "`")
    wild = {"_": ".", "%": ".*"}
    parts = re.findall(r"\\.|.", pattern)
    expression = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    return pattern == database or bool(re.fullmatch(expression, database, re.IGNORECASE))


def _quoted(connection: Connection) -> str:
    return "`" + str(connection.exec_driver_sql("SELECT DATABASE()").scalar()).replace("`", "``") + "`"


def _account(user: str) -> str:
    name, _, host = user.rpartition("@")
    return f"'{name}'@'{host}'"
