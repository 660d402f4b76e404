# SPDX-License-Identifier: Apache-2.0
"""What spec.init asks for, and what preflight can refuse of it before anything is changed."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

from superset_job.report import JobError

PASSWORD = "SUPERSET_OPERATOR_ADMIN_PASSWORD"
_VARIABLE = "SUPERSET_OPERATOR_INIT"


@dataclass(frozen=True)
class Wanted:
    """imports are the kinds of the files, whose names in the folder are their numbers from 0."""

    roles: str = ""
    adminUser: dict[str, str] | None = None
    loadExamples: bool = False
    imports: list[str] = field(default_factory=list)
    folder: str = ""
    script: str = ""

    def file(self, number: int) -> Path:
        return Path(self.folder, str(number))


def wanted() -> Wanted:
    return Wanted(**json.loads(os.environ.get(_VARIABLE) or "{}"))


def check(config: Any) -> None:
    """Raises JobError ConfigInvalid for what is certain to fail. config is that of the app."""
    spec = wanted()
    if spec.adminUser and not os.environ.get(PASSWORD, "").strip():
        raise JobError("ConfigInvalid", "the password in the Secret of spec.init.adminUser.passwordFrom is empty: store one")
    for number, kind in enumerate(spec.imports):
        if why := _unreadable(spec.file(number), kind):
            raise JobError("ConfigInvalid", f"spec.init.importFrom[{number}]: {why}")
    if spec.loadExamples:
        check_examples(config)
    if spec.script and not shutil.which("bash"):
        raise JobError("ConfigInvalid", "spec.init.script needs bash, which the image lacks: install it, or remove the script")


def check_examples(config: Any) -> None:
    uri = str(config.get("SQLALCHEMY_EXAMPLES_URI") or "")
    if not uri or uri.startswith("sqlite"):
        raise JobError(
            "ConfigInvalid",
            "spec.init.loadExamples needs a database for the data that every pod reaches: set SQLALCHEMY_EXAMPLES_URI in"
            ' spec.config.raw, for example to os.environ["EXAMPLES_URI"]; the default is a file in the pod of the Job',
        )


def _unreadable(file: Path, kind: str) -> str:
    """Why a file cannot be imported; empty if it may."""
    if is_zipfile(file):
        try:
            with ZipFile(file) as bundle:
                names = bundle.namelist()
        except BadZipFile as error:
            return f"the ZIP cannot be read: {error}"
        found = any(Path(name).name == "metadata.yaml" for name in names)
        return "" if found else "the ZIP has no metadata.yaml: name an export of Superset"
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return "it is neither a ZIP nor text: put a ZIP into binaryData of the ConfigMap"
    return _no_export(text, kind)


def _no_export(text: str, kind: str) -> str:
    import yaml  # type: ignore[import-untyped]  # mypy has no stubs for it

    try:
        content = yaml.safe_load(text)  # JSON is YAML, too
    except yaml.YAMLError as error:  # its text has lines of the file
        mark = getattr(error, "problem_mark", None)
        return f"it is neither a ZIP nor YAML (line {mark.line + 1})" if mark else "it is neither a ZIP nor YAML"
    if kind == "Dashboards" and not (isinstance(content, dict) and "dashboards" in content):
        return "it has no dashboards: name the ZIP of an export, or JSON with dashboards"
    if kind == "Datasources" and not (isinstance(content, list) or isinstance(content, dict) and "databases" in content):
        return "it has no databases: name YAML with databases, or the ZIP of an export"
    return ""
