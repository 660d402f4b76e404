# SPDX-License-Identifier: Apache-2.0
"""What was done once in this database: rows of Superset's table key_value with a resource of their
own, which Superset never reads. They are where the content is: a restored backup has those that
its content has, and so has a copy of the database. Needs an app context."""

from __future__ import annotations

from typing import Any

_RESOURCE = "superset_operator"


def marks() -> list[str]:
    return [bytes(entry.value).decode() for entry in _entries()]


def add(mark: str) -> None:
    from superset.extensions import db
    from superset.key_value.models import KeyValueEntry

    db.session.add(KeyValueEntry(resource=_RESOURCE, value=mark.encode()))
    db.session.commit()


def remove(mark: str) -> None:
    from superset.extensions import db

    for entry in _entries():
        if bytes(entry.value).decode() == mark:
            db.session.delete(entry)
    db.session.commit()


def _entries() -> list[Any]:
    from superset.extensions import db
    from superset.key_value.models import KeyValueEntry

    entries: list[Any] = db.session.query(KeyValueEntry).filter_by(resource=_RESOURCE).all()
    return entries
