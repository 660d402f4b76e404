# SPDX-License-Identifier: Apache-2.0
"""spec.init without Superset: what preflight refuses, the outcomes of steps, and roles that are kept."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from superset_job.init import marks, roles, steps, wanted
from superset_job.report import JobError, Result


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        for name in names:
            bundle.writestr(name, "version: 1.0.0")
    return out.getvalue()


def given(monkeypatch: pytest.MonkeyPatch, **spec: object) -> None:
    monkeypatch.setenv("SUPERSET_OPERATOR_INIT", json.dumps(spec))


def refused(config: dict[str, str] | None = None) -> str:
    try:
        wanted.check(config or {})
    except JobError as error:
        assert error.reason == "ConfigInvalid"
        return error.message
    return ""


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("Datasources", b"databases: []", ""),
        ("Datasources", b"- table_name: a", ""),
        ("Datasources", b"dashboards: []", "has no databases"),
        ("Datasources", b"a: [1", "neither a ZIP nor YAML (line 1)"),
        ("Datasources", b"\xff\x00", "put a ZIP into binaryData"),
        ("Dashboards", b'{"dashboards": []}', ""),
        ("Dashboards", b"databases: []", "has no dashboards"),
        ("Dashboards", zipped("export/metadata.yaml", "export/dashboards/a.yaml"), ""),
        ("Dashboards", zipped("a.yaml"), "no metadata.yaml"),
    ],
)
def test_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, content: bytes, message: str) -> None:
    (tmp_path / "0").write_bytes(content)
    given(monkeypatch, imports=[kind], folder=str(tmp_path))
    got = refused()
    assert got == "" if message == "" else message in got and got.startswith("spec.init.importFrom[0]: ")


def test_a_line_of_a_file_is_not_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "0").write_text("databases:\n- password: not-a-real-password\n  a: [\n")
    given(monkeypatch, imports=["Datasources"], folder=str(tmp_path))
    assert "line" in refused()
    assert "not-a-real-password" not in refused()


def test_user_and_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, adminUser={"username": "admin"})
    assert "passwordFrom is empty" in refused()
    monkeypatch.setenv(wanted.PASSWORD, "not-a-real-password")
    assert refused() == ""
    given(monkeypatch, loadExamples=True)
    for uri, message in ((None, "EXAMPLES_URI"), ("sqlite:///a.db", "EXAMPLES_URI"), ("postgresql://a/b", "")):
        assert message in refused({"SQLALCHEMY_EXAMPLES_URI": uri} if uri else {})
    assert refused({"SQLALCHEMY_EXAMPLES_URI": "postgresql://a/b"}) == ""


def test_script(monkeypatch: pytest.MonkeyPatch) -> None:
    result = Result("migrate")
    given(monkeypatch, script="set -u\necho $FLASK_APP\n")
    steps.run(result, lambda: None)
    assert result.facts["init"] == [{"step": "script", "result": "Done", "message": ""}]
    given(monkeypatch, script="echo begun\nfalse\necho unreached")
    with pytest.raises(JobError) as failed:
        steps.run(result, lambda: None)
    assert (failed.value.reason, failed.value.message) == ("InitStepFailed", "spec.init.script ended with exit code 1: begun")
    assert result.facts["init"] == [{"step": "script", "result": "Failed", "message": failed.value.message}]


def test_nothing_runs_without_the_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def lost() -> None:
        raise JobError("LockTimeout", "lost")

    given(monkeypatch, script=f"touch {tmp_path}/witness")
    with pytest.raises(JobError, match="lost"):
        steps.run(Result("migrate"), lost)
    assert not list(tmp_path.iterdir())


def test_nothing_without_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUPERSET_OPERATOR_INIT", raising=False)
    result = Result("migrate")
    steps.run(result, lambda: pytest.fail("nothing needs the lock"))
    assert "init" not in result.facts


class Manager:
    """A security manager whose release gives Gamma the permissions 1 to 4."""

    permissionview_model = SimpleNamespace(id=0)

    def __init__(self, has: list[int]) -> None:
        self.gamma = SimpleNamespace(permissions=[SimpleNamespace(id=key) for key in has])

    def find_role(self, name: str) -> SimpleNamespace | None:
        return self.gamma if name == "Gamma" else None

    def set_role(self, name: str, *_: object) -> None:
        self.gamma.permissions = [SimpleNamespace(id=key) for key in (1, 2, 3, 4)]

    copy_role = set_role

    def ids(self) -> list[int]:
        return sorted(one.id for one in self.gamma.permissions)


@pytest.mark.parametrize(
    ("has", "want"),
    [
        ([1, 2, 9], [1, 2, 4, 9]),  # 3 was removed, 9 was added, and 4 is new
        ([], [1, 2, 3, 4]),  # a role without permissions is filled
    ],
)
def test_roles_are_kept(monkeypatch: pytest.MonkeyPatch, has: list[int], want: list[int]) -> None:
    stored: list[str] = []
    monkeypatch.setattr(marks, "marks", lambda: list(stored))
    monkeypatch.setattr(marks, "add", stored.append)
    monkeypatch.setattr(marks, "remove", stored.remove)
    manager = Manager(has)
    monkeypatch.setattr(roles, "_newest", lambda _: 3)
    with pytest.raises(ZeroDivisionError):
        roles.keeping(manager, lambda: 1 // 0)  # type: ignore[arg-type]
    assert stored == ["roles:3"]
    monkeypatch.setattr(roles, "_newest", lambda _: 4)  # the first attempt has made permission 4
    manager = Manager(has)
    roles.keeping(manager, lambda: manager.set_role("Gamma", None, []))
    assert (manager.ids(), stored) == (want, [])
