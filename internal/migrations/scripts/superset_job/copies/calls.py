# SPDX-License-Identifier: Apache-2.0
"""The requests that test a Superset app in the same process."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from superset_job.report import describe, log

if TYPE_CHECKING:
    from flask import Flask

_LISTS = (
    *("dashboard", "chart", "dataset", "database", "query", "saved_query", "css_template", "annotation_layer"),
    *("report", "log", "tag", "rowlevelsecurity", "security/roles", "security/users"),
)
_PAGES = ("/superset/welcome/", "/dashboard/list/", "/chart/list/", "/sqllab/", "/tablemodelview/list/", "/databaseview/list/")


class Calls:
    """Counts requests and failures, and keeps the text of the first failure."""

    def __init__(self) -> None:
        self.count = self.failed = 0
        self.first = ""

    def fail(self, why: str) -> None:
        self.failed += 1
        self.first = self.first or why

    def ask(self, client: Any, method: str, path: str, **arguments: Any) -> Any:
        """Sends one request and returns the JSON of the response, or None."""
        self.count += 1
        name = f"{method} {re.sub(r'[?].*', '', path)}"
        try:
            response = client.open(path, method=method, **arguments)
        except Exception as error:  # the app does not handle all of them
            self.fail(f"{name} fails: {describe(error)}")
            log(f"{name}: FAILED: {describe(error)}")
            return None
        log(f"{name}: {response.status_code}")
        if response.status_code >= 500:
            self.fail(f"{name} answers {response.status_code}{_error_text(response)}")
        elif response.status_code >= 400:
            log(f"  {response.get_data(as_text=True)[:200]}")
        return response.get_json(silent=True)


def _error_text(response: Any) -> str:
    answer = response.get_json(silent=True)
    return f": {json.dumps(answer.get('message') or answer)[:160]}" if isinstance(answer, dict) else ""


def use(app: Flask, calls: Calls, database: str, user: str, password: str) -> None:
    """Logs in as the user and sends the requests. database is the URL of the copy; it becomes
    the analytics database that the requests create."""
    with app.test_client() as client:
        calls.ask(client, "GET", "/login/")
        calls.ask(client, "POST", "/login/", data={"username": user, "password": password})
        me = calls.ask(client, "GET", "/api/v1/me/")
        if not isinstance(me, dict) or "result" not in me:
            calls.fail("login fails on the migrated schema")
        for path in _PAGES:
            calls.ask(client, "GET", path)
        for kind in _LISTS:
            _read(client, calls, kind)
        _write(client, calls, database, user)


def _read(client: Any, calls: Calls, kind: str) -> None:
    """Reads a list and its first object."""
    listed = calls.ask(client, "GET", f"/api/v1/{kind}/")
    ids = listed.get("ids") if isinstance(listed, dict) else None
    if ids:
        calls.ask(client, "GET", f"/api/v1/{kind}/{ids[0]}")


def _write(client: Any, calls: Calls, database: str, name: str) -> None:
    """Creates objects, uses them and deletes them."""
    made: list[str] = []

    def make(kind: str, values: dict[str, Any]) -> int:
        answer = calls.ask(client, "POST", f"/api/v1/{kind}/", json=values)
        number = answer.get("id") if isinstance(answer, dict) else None
        if number:
            made.append(f"/api/v1/{kind}/{number}")
        return number or 0

    source = make("database", {"database_name": name, "sqlalchemy_uri": database, "expose_in_sqllab": True})
    table = make("dataset", {"database": source, "table_name": "css_templates"}) if source else 0
    board = make("dashboard", {"dashboard_title": name})
    chart = (
        make(
            "chart",
            {"slice_name": name, "datasource_id": table, "datasource_type": "table", "viz_type": "table", "dashboards": [board]},
        )
        if table
        else 0
    )
    make("css_template", {"template_name": name, "css": "a{}"})
    make("annotation_layer", {"name": name, "descr": name})
    if source:
        make("saved_query", {"db_id": source, "label": name, "sql": "SELECT 1"})
    for method, path, values in _uses(source, table, board, chart):
        calls.ask(client, method, path, **({"json": values} if values else {}))
    for path in reversed(made):
        calls.ask(client, "DELETE", path)


def _uses(source: int, table: int, board: int, chart: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and body of the requests that use the created objects."""
    if source:
        yield "POST", "/api/v1/sqllab/execute/", {"database_id": source, "sql": "SELECT 1 AS one", "runAsync": False}
    if board:
        yield "PUT", f"/api/v1/dashboard/{board}", {"published": True}
        yield "GET", f"/api/v1/dashboard/{board}/charts", {}
        yield "GET", f"/superset/dashboard/{board}/", {}
    if chart:
        yield "GET", f"/explore/?slice_id={chart}", {}
        query = {"columns": ["template_name"], "metrics": [], "row_limit": 10}
        yield (
            "POST",
            "/api/v1/chart/data",
            {"datasource": {"id": table, "type": "table"}, "queries": [query], "result_type": "full", "result_format": "json"},
        )
