# SPDX-License-Identifier: Apache-2.0
"""The effect of a SQL statement, derived from its first keywords."""

from __future__ import annotations

import re

from superset_job.revisions.change import ADDITIVE, DATA, DESTRUCTIVE

_BODY = re.compile(r"\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/", re.DOTALL)
_NO_EFFECT = re.compile(r"(SELECT|SET|SHOW|PRAGMA|EXPLAIN)\b", re.IGNORECASE)
_DROPS = r"ALTER TABLE .*\b(DROP (?!CONSTRAINT|INDEX|FOREIGN|NOT NULL|DEFAULT)|RENAME\b)"
# The first matching rule decides.
_RULES = (
    (DESTRUCTIVE, r"(DELETE|TRUNCATE)\b", "deletes rows by SQL"),
    (DESTRUCTIVE, r"DROP (TABLE|SCHEMA|DATABASE|VIEW|FUNCTION)\b", "drops an object by SQL"),
    (DESTRUCTIVE, _DROPS, "drops or renames by SQL"),
    (DATA, r"(UPDATE|INSERT|MERGE|REPLACE|WITH)\b", "rewrites rows by SQL"),
    (DATA, r"ALTER TABLE\b", "alters a table by SQL"),
    (DATA, r"CREATE UNIQUE\b", "adds a unique index by SQL"),
    (ADDITIVE, r"(CREATE|DROP INDEX|COMMENT|ANALYZE)\b", "creates by SQL"),
)


def effects_of_sql(text: str) -> list[tuple[int, str] | None]:
    """Class and description of each statement that has an effect; None for a statement
    that no rule matches."""
    found: list[tuple[int, str] | None] = []
    for statement in _BODY.sub(" ", text).split(";"):
        statement = " ".join(statement.split())
        if statement and not _NO_EFFECT.match(statement):
            fits = ((rank, what) for rank, pattern, what in _RULES if re.match(pattern, statement, re.IGNORECASE))
            found.append(next(fits, None))
    return found
