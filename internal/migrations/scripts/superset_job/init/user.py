# SPDX-License-Identifier: Apache-2.0
"""The administrator of spec.init.adminUser. A user that exists is left as it is."""

from __future__ import annotations

import os
from typing import Any

from superset_job.init.steps import recording
from superset_job.init.wanted import PASSWORD, wanted
from superset_job.report import JobError


def create_admin(manager: Any, step: recording) -> None:
    user = wanted().adminUser or {}
    name = user["username"]
    if manager.find_user(username=name):
        return step.skipped(f"user {name} exists")
    if manager.find_user(email=user["email"]):
        return step.skipped(f"another user has the email {user['email']}")
    password = os.environ.get(PASSWORD, "").rstrip("\n")  # a Secret made by echo ends in one
    if not password:
        raise JobError("InitStepFailed", "the password in the Secret of passwordFrom is empty: store one")
    role = manager.find_role(manager.auth_role_admin)
    if not manager.add_user(name, user["firstName"], user["lastName"], user["email"], role, password):
        raise JobError("InitStepFailed", f"Superset did not create user {name}: the log of the Job says why")
    return step.done(f"created user {name}")


def importer(manager: Any) -> Any:
    """The user that owns what is imported: that of adminUser, else admin, else one with the role Admin."""
    names = [(wanted().adminUser or {}).get("username"), "admin"]
    found = next((user for name in names if name and (user := manager.find_user(username=name))), None)
    admins = getattr(manager.find_role(manager.auth_role_admin), "user", None) or []
    if not (found or admins):
        raise JobError("InitStepFailed", "no user has the role Admin to own what is imported: set spec.init.adminUser")
    return found or admins[0]
