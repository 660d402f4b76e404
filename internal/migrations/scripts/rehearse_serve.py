# SPDX-License-Identifier: Apache-2.0
"""Can the release that runs now serve on the migrated schema? Its app is asked in this
process, on the copy, as users would ask it: pages, lists, single things, and making,
using and deleting them.

An answer of 500 or more is what a missing table or column gives. What the app says of
a wrong or forbidden question is an answer.
"""

from __future__ import annotations

import os
import secrets
import traceback
from typing import TYPE_CHECKING, Any

import superset_job
import superset_job_scratch
from superset_job import Result, describe, log
from superset_job_findings import found, leave

if TYPE_CHECKING:
    from flask import Flask

_NAME = "superset-operator-rehearsal"


def serve(result: Result) -> None:
    if found("upgrade").get("rolling"):
        leave("serve", {})  # there is no migrated schema to serve on
        return
    from superset_job_calls import Calls, use
    from superset_job_database import database_url

    url = database_url()
    result.database = url.get_backend_name()
    calls = Calls()
    try:
        app = superset_job_scratch.create_app(url, _open)
        password = secrets.token_hex(16)
        _make_user(app, password)
        use(app, calls, url.render_as_string(hide_password=False), _NAME, password)
    except Exception as error:
        traceback.print_exc()
        calls.fail(f"the release that runs now does not start on the migrated schema: {describe(error)}")
    log(f"{calls.count} calls, {calls.failed} failed")
    findings: dict[str, Any] = {"rolling": "Proven", "calls": calls.count, "callsFailed": calls.failed}
    if calls.failed:
        findings |= {"rolling": "Refused", "rollingReason": calls.first}
    leave("serve", findings)


def _open(config: Any) -> None:
    """Lets a user of the copy's own log in by a form, wherever others come from."""
    config.AUTH_TYPE = 1  # flask_appbuilder's AUTH_DB
    config.WTF_CSRF_ENABLED = False
    config.TALISMAN_ENABLED = False
    config.RATELIMIT_ENABLED = False
    config.SESSION_SERVER_SIDE = False
    config.SESSION_COOKIE_SECURE = False
    config.PREVENT_UNSAFE_DB_CONNECTIONS = False


def _make_user(app: Flask, password: str) -> None:
    with app.app_context():
        manager = app.appbuilder.sm  # type: ignore[attr-defined]
        role = manager.find_role(app.config.get("AUTH_ROLE_ADMIN") or "Admin")
        if not manager.add_user(_NAME, "Re", "hearsal", f"{_NAME}@example.org", role, password):
            raise RuntimeError("no user could be made")


if __name__ == "__main__":
    os.environ.setdefault("SUPERSET_ENV", "production")
    superset_job_scratch.enter()
    superset_job.run("rehearse", serve)
