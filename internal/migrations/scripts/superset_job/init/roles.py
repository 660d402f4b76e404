# SPDX-License-Identifier: Apache-2.0
"""Built-in roles: what superset init would change of them, and keeping what they have.

superset init sets the permissions of these roles to those of the release: what was added to a role
is taken away, and what was removed is given again. Keep gives a role only permissions that did not
exist before, which are those of a newer release or of a new feature.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from superset_job.init import marks
from superset_job.report import Result, describe, log

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy.engine import URL, Connection

_PERMISSIONS = (
    "SELECT pv.id, p.name, v.name FROM ab_permission_view pv"
    " JOIN ab_permission p ON p.id = pv.permission_id JOIN ab_view_menu v ON v.id = pv.view_menu_id"
)
_GIVEN = "SELECT r.name, g.permission_view_id FROM ab_role r JOIN ab_permission_view_role g ON g.role_id = r.id"
# The roles and the method of the security manager that says what a release gives them.
_CHECKS = {"Admin": "_is_admin_pvm", "Alpha": "_is_alpha_pvm", "Gamma": "_is_gamma_pvm", "sql_lab": "_is_sql_lab_pvm"}
_BEFORE = "roles:"  # with the highest id of a permission before superset init began


def read_roles(app: Flask, url: URL, result: Result) -> None:
    """Stores in the result how many of the permissions that exist superset init would give to (+) and
    take from (-) each built-in role, such as Gamma +1 -2. It is a note, never a failure."""
    from superset_job.database.access import read_only

    try:
        with app.app_context(), read_only(url) as connection:
            changes = _changes(app.appbuilder.sm, connection)
    except Exception as error:  # an empty database has no roles
        log(f"cannot compare the built-in roles with those of this release: {describe(error)}")
        return
    if changes:
        result.facts["roles"] = ", ".join(changes)
        log(f"superset init would change built-in roles: {result.facts['roles']}")


def _changes(manager: Any, connection: Connection) -> list[str]:
    permissions = {
        key: SimpleNamespace(permission=SimpleNamespace(name=permission), view_menu=SimpleNamespace(name=view))
        for key, permission, view in connection.exec_driver_sql(_PERMISSIONS)
    }
    given: dict[str, set[int]] = {}
    for role, key in connection.exec_driver_sql(_GIVEN):
        given.setdefault(role, set()).add(key)
    out = []
    for role, name in _CHECKS.items():
        allowed = getattr(manager, name)
        wants, has = {key for key, one in permissions.items() if allowed(one)}, given.get(role, set())
        parts = [f"{sign}{len(some)}" for sign, some in (("+", wants - has), ("-", has - wants)) if some]
        if has and parts:
            out.append(" ".join([role, *parts]))
    return out


def keeping(manager: Any, work: Callable[[], None]) -> None:
    """Runs superset init, so that roles keep what they have. What existed before is remembered in
    the database until it succeeds: a second attempt must know it, too."""
    pending = [mark for mark in marks.marks() if mark.startswith(_BEFORE)]
    mark = pending[0] if pending else f"{_BEFORE}{_newest(manager)}"
    if not pending:
        marks.add(mark)
    newest = int(mark.removeprefix(_BEFORE))
    manager.set_role = _kept(manager, newest, manager.set_role, 0)
    manager.copy_role = _kept(manager, newest, manager.copy_role, 1)
    work()
    marks.remove(mark)


def _newest(manager: Any) -> int:
    from sqlalchemy import func
    from superset.extensions import db

    return db.session.query(func.max(manager.permissionview_model.id)).scalar() or 0


def _kept(manager: Any, newest: int, change: Callable[..., None], place: int) -> Callable[..., None]:
    """The method change, after which the role, whose name is the argument at that place, has what it
    had and what is newer. A role without permissions is filled."""

    def changed(*arguments: Any, **named: Any) -> None:
        role = manager.find_role(arguments[place])
        had = list(role.permissions) if role else []
        change(*arguments, **named)
        if had:
            known = {permission.id for permission in had}
            role.permissions = had + [one for one in role.permissions if one.id > newest and one.id not in known]

    return changed
