# SPDX-License-Identifier: Apache-2.0
"""Imports and examples, each once per database and content. Needs an app context."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from zipfile import ZipFile, is_zipfile

from superset_job.init import marks
from superset_job.init.steps import recording
from superset_job.init.user import importer
from superset_job.init.wanted import check_examples, wanted
from superset_job.report import JobError, describe

_EXAMPLES = "examples"
_EXAMPLE_SLUG = "world_health"  # a dashboard of all releases


def import_file(manager: Any, number: int, step: recording) -> None:
    spec = wanted()
    file, kind = spec.file(number), spec.imports[number]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    mark = f"import:{kind}:{digest}"
    if mark in marks.marks():
        return step.skipped(f"sha256 {digest[:12]} was imported before")
    _run(manager, kind, _contents(file))
    marks.add(mark)
    return step.done(f"imported sha256 {digest[:12]}")


def _contents(file: Path) -> dict[str, str]:
    from superset.commands.importers.v1.utils import get_contents_from_bundle

    if not is_zipfile(file):
        return {file.name: file.read_text(encoding="utf-8")}
    with ZipFile(file) as bundle:
        contents: dict[str, str] = get_contents_from_bundle(bundle)
        return contents


def _run(manager: Any, kind: str, contents: dict[str, str]) -> None:
    """Imports as the commands import_datasources and import_dashboards do. Their own output of an
    error would have lines of the file, which may be from a Secret."""
    from flask import g
    from superset.commands.dashboard.importers.dispatcher import ImportDashboardsCommand
    from superset.commands.dataset.importers.dispatcher import ImportDatasetsCommand

    g.user = importer(manager)
    command = ImportDatasetsCommand if kind == "Datasources" else ImportDashboardsCommand
    try:
        command(contents, overwrite=True).run()
    except Exception as error:
        messages: Any = getattr(error, "normalized_messages", dict)()
        raise JobError("InitStepFailed", f"{describe(error)} {messages or ''}".rstrip()) from error


def load_examples(config: Any, step: recording) -> None:
    from superset.cli.examples import load_examples as command
    from superset.extensions import db
    from superset.models.dashboard import Dashboard

    check_examples(config)
    if _EXAMPLES in marks.marks():
        return step.skipped("they were loaded before")
    if db.session.query(Dashboard.id).filter_by(slug=_EXAMPLE_SLUG).first():
        return step.skipped(f"the dashboard {_EXAMPLE_SLUG} exists")
    try:
        command.main(args=[], prog_name="superset load_examples", standalone_mode=False)
    except Exception as error:
        raise JobError("InitStepFailed", f"loading the examples: {describe(error)}") from error
    marks.add(_EXAMPLES)
    return step.done("loaded the examples")
