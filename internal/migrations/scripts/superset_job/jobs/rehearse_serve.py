# SPDX-License-Identifier: Apache-2.0
"""Tests whether the previous release can serve on the migrated schema. It sends requests to
its app in this process, on the copy: pages, lists and single objects, and creating, using and
deleting objects.

A missing table or column makes Superset answer with 500 or more. An answer of 4xx, for an
invalid or forbidden request, is not a failure.
"""

from __future__ import annotations

import os
import secrets
import traceback
from typing import TYPE_CHECKING, Any

from superset_job import report
from superset_job.copies import scratch
from superset_job.copies.findings import read_findings, write_findings
from superset_job.report import Result, describe, log

if TYPE_CHECKING:
    from flask import Flask

_NAME = "superset-operator-rehearsal"


def serve(result: Result) -> None:
    if read_findings("upgrade").get("rolling"):
        write_findings("serve", {})  # there is no migrated schema to serve on
        return
    from superset_job.copies.calls import Calls, use
    from superset_job.database.access import database_url

    url = database_url()
    result.database = url.get_backend_name()
    calls = Calls()
    try:
        app = scratch.create_app(url, _allow_login)
        password = secrets.token_hex(16)
        _make_user(app, password)
        use(app, calls, url.render_as_string(hide_password=False), _NAME, password)
    except Exception as error:
        traceback.print_exc()
        calls.fail(f"the previous release does not start on the migrated schema: {describe(error)}")
    log(f"{calls.count} calls, {calls.failed} failed")
    findings: dict[str, Any] = {"rolling": "Proven"}
    if calls.failed:
        findings |= {"rolling": "Refused", "rollingReason": calls.first}
    write_findings("serve", findings)


def _allow_login(config: Any) -> None:
    """Enables login with a user of the database by a form, whatever the configured method."""
    config.AUTH_TYPE = 1  # flask_appbuilder's AUTH_DB
    config.WTF_CSRF_ENABLED = False
    config.TALISMAN_ENABLED = False
    config.RATELIMIT_ENABLED = False
    config.SESSION_SERVER_SIDE = False
    config.SESSION_COOKIE_SECURE = False
    config.PREVENT_UNSAFE_DB_CONNECTIONS = False


def _make_user(app: Flask, password: str) -> None:
    with app.app_context():
        manager = app.appbuilder.sm
        role = manager.find_role(app.config.get("AUTH_ROLE_ADMIN") or "Admin")
        if not manager.add_user(_NAME, "Re", "hearsal", f"{_NAME}@example.org", role, password):
            raise RuntimeError("the test user could not be created")


if __name__ == "__main__":
    os.environ.setdefault("SUPERSET_ENV", "production")
    scratch.enter()
    report.run("rehearse", serve, last=False)
