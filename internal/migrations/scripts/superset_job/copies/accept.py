# SPDX-License-Identifier: Apache-2.0
"""What a restore changes besides the database of the backup: another database, and objects of
others. A person must accept exactly that before anything is dropped."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from sqlalchemy.engine import Connection

from superset_job.report import JobError, Result, log

_LISTED = 5

# What drop_everything in superset_job.sh drops with CASCADE besides the objects of this role in the
# schema, and what the dump therefore does not have. A part of a dropped table or view, such as an
# index, is not listed by itself.
_DEPENDENTS = """
WITH RECURSIVE ours AS (
  SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid FROM pg_class c
  WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND pg_has_role(c.relowner, 'USAGE')
  UNION ALL
  SELECT 'pg_type'::regclass::oid, t.oid FROM pg_type t
  WHERE t.typnamespace = quote_ident(current_schema())::regnamespace AND pg_has_role(t.typowner, 'USAGE')
  UNION ALL
  SELECT 'pg_proc'::regclass::oid, p.oid FROM pg_proc p
  WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND pg_has_role(p.proowner, 'USAGE')
), dropped AS (
  SELECT classid, objid, 0 AS objsubid FROM ours WHERE NOT EXISTS (
    SELECT FROM pg_depend e WHERE e.classid = ours.classid AND e.objid = ours.objid AND e.deptype = 'e')
  UNION
  SELECT CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_class'::regclass END, COALESCE(r.ev_class, d.objid),
    CASE WHEN r.oid IS NULL THEN d.objsubid ELSE 0 END
  FROM dropped JOIN pg_depend d ON d.refclassid = dropped.classid AND d.refobjid = dropped.objid
    AND (dropped.objsubid = 0 OR d.refobjsubid = dropped.objsubid) AND d.deptype IN ('n', 'a', 'i')
  LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
)
SELECT DISTINCT pg_describe_object(x.classid, x.objid, x.objsubid) FROM dropped x
LEFT JOIN pg_class c ON x.classid = 'pg_class'::regclass AND c.oid = x.objid
LEFT JOIN pg_type t ON x.classid = 'pg_type'::regclass AND t.oid = x.objid
LEFT JOIN pg_index i ON x.classid = 'pg_class'::regclass AND i.indexrelid = x.objid
LEFT JOIN pg_constraint k ON x.classid = 'pg_constraint'::regclass AND k.oid = x.objid
LEFT JOIN pg_attrdef a ON x.classid = 'pg_attrdef'::regclass AND a.oid = x.objid
LEFT JOIN pg_trigger g ON x.classid = 'pg_trigger'::regclass AND g.oid = x.objid
LEFT JOIN pg_policy p ON x.classid = 'pg_policy'::regclass AND p.oid = x.objid
WHERE NOT EXISTS (SELECT FROM ours WHERE ours.classid = x.classid AND ours.objid = x.objid)
  AND NOT COALESCE(g.tgisinternal, false) AND COALESCE(c.relkind, 'r') NOT IN ('t', 'c', 'S') AND COALESCE(t.typtype, 'd') = 'd'
  AND NOT EXISTS (SELECT FROM dropped h WHERE h.classid = 'pg_class'::regclass AND h.objsubid = 0
    AND h.objid = COALESCE(i.indrelid, NULLIF(k.conrelid, 0), a.adrelid, g.tgrelid, p.polrelid, CASE WHEN x.objsubid > 0 THEN x.objid END))
  AND x.classid IN ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass,
    'pg_proc'::regclass, 'pg_type'::regclass)
ORDER BY 1
"""


def wanted() -> bool:
    """Whether this is the pod of a restore with the operator's script."""
    return os.environ.get("SUPERSET_OPERATOR_RESTORE") == "1"


def check_accepted(connection: Connection, result: Result) -> None:
    """Raises JobError LossNotAccepted unless the restore changes only what its backup has, or the
    rest was accepted. What is to be accepted is in the result: the identity of the database, which
    is there already, and a digest of the objects."""
    asks = []
    actual, before = str(result.facts["identity"]), _taken_from()
    if before and actual not in (before, os.environ.get("SUPERSET_OPERATOR_ACCEPTED_IDENTITY")):
        asks.append(f"the database is {actual}, and the backup was taken from {before}")
    if names := _dependents(connection):
        digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
        result.facts["drops"] = digest
        log("a restore drops with Superset's objects: " + "; ".join(names))
        if digest != os.environ.get("SUPERSET_OPERATOR_ACCEPTED_DROPS"):
            more = f" and {len(names) - _LISTED} more (see the log)" if len(names) > _LISTED else ""
            asks.append(f"it drops objects of others that the backup does not have: {', '.join(names[:_LISTED])}{more}")
    if asks:
        raise JobError("LossNotAccepted", "the restore was not begun, because " + "; and ".join(asks) + ". Nothing was changed")


def _dependents(connection: Connection) -> list[str]:
    """The objects of others that are dropped on PostgreSQL. On MySQL views and foreign keys of
    other databases stay, and mean the restored tables."""
    if connection.dialect.name != "postgresql":
        return []
    return [str(name) for name in connection.exec_driver_sql(_DEPENDENTS.replace("%", "%%")).scalars()]


def _taken_from() -> str:
    """The identity in the manifest of the backup; empty if it has none. load.sh reports a backup that
    is missing."""
    folder = os.environ.get("SUPERSET_OPERATOR_BACKUP_DIR", ""), os.environ.get("SUPERSET_OPERATOR_BACKUP", "")
    try:
        manifest = json.loads(Path(*folder, "manifest.json").read_text(encoding="utf-8"))
        return str(manifest.get("identity") or "")
    except (OSError, ValueError, AttributeError):
        return ""
