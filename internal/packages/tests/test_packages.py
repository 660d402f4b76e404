# SPDX-License-Identifier: Apache-2.0
"""The installer of packages, with an index of hand-made wheels on loopback and pip of this
machine. Against real images: test/scripts."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import importlib.util
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import packages

PASSWORD = "not-a-real-p@ssword"


def wheel(index: Path, package: str, files: dict[str, str] | None = None, needs: tuple[str, ...] = (), tag: str = "py3-none-any") -> str:
    """Adds a wheel to the index, and returns its hash."""
    name, _, version = package.partition("==")
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info/"
    file = index / "simple" / name / f"{module}-{version}-{tag}.whl"
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in (files or {f"{module}/__init__.py": f"version = {version!r}\n"}).items():
            archive.writestr(path, text)
        required = "".join(f"Requires-Dist: {need}\n" for need in needs)
        archive.writestr(info + "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}")
        archive.writestr(info + "WHEEL", f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(info + "RECORD", "")
    return hashlib.sha256(file.read_bytes()).hexdigest()


class Index(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, below /private with a login and below /broken not at all."""

    def do_GET(self) -> None:
        login = "Basic " + base64.b64encode(f"bi:{PASSWORD}".encode()).decode()
        if self.path.startswith("/private/") and self.headers.get("Authorization") != login:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()
        elif self.path.startswith("/broken/"):
            self.send_error(503)
        else:
            self.path = self.path.replace("/private/", "/simple/")
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(name="index", scope="module")
def index_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of an index, and the hashes of its wheels."""
    folder = tmp_path_factory.mktemp("index")
    hashes = {
        "acme-driver": wheel(folder, "acme-driver==1.2", needs=("acme-core>=1", "packaging")),
        "acme-core": wheel(folder, "acme-core==1.5"),
        "needs-newer": wheel(folder, "needs-newer==1.0", needs=("packaging>=999",)),
        "shadows": wheel(folder, "shadows==1.0", {"packaging/extra.py": "", "json.py": ""}),
        "other-python": wheel(folder, "other-python==1.0", tag="cp27-cp27m-linux_x86_64"),
    }
    (folder / "simple" / "only-source").mkdir()
    (folder / "simple" / "only-source" / "only-source-1.0.tar.gz").write_bytes(b"")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Index, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", hashes
    server.shutdown()
    thread.join()
    server.server_close()


class Pod:
    """Runs the installer as in a pod."""

    def __init__(self, folder: Path) -> None:
        self.target, self.file = folder / "packages", folder / "result"
        self.target.mkdir()
        self.config = folder / "config"  # what is next to the program is no part of the image
        self.config.mkdir()
        self.program = self.config / "_packages.py"
        self.program.write_text(Path(packages.__file__).read_text())

    def run(self, lines: list[str], url: str, more: dict[str, str] | None = None, resolve: bool = True) -> tuple[str, str]:
        """The reason and the message, and the log."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.target.parent),
            "SUPERSET_OPERATOR_PACKAGES": "\n".join(lines),
            "SUPERSET_OPERATOR_PACKAGES_DIR": str(self.target),
            "SUPERSET_OPERATOR_INDEX_URL": url,
            "SUPERSET_OPERATOR_RESULT_FILE": str(self.file),
            **({"SUPERSET_OPERATOR_RESOLVED": str(self.target / ".resolved")} if resolve else {}),
            **(more or {}),
        }
        done = subprocess.run([sys.executable, self.program], env=environment, capture_output=True, text=True, check=False)
        assert PASSWORD not in done.stdout + done.stderr and "not-a-real-p%40ssword" not in done.stdout + done.stderr
        if done.returncode == 0:
            assert not self.file.exists()
            return "", ""
        assert done.returncode == 1, done.stdout + done.stderr
        assert len(self.file.read_bytes()) < 1024
        result = json.loads(self.file.read_text())
        assert result["script"] == "packages"
        return result["reason"], result["message"]

    def resolved(self) -> list[str]:
        return (self.target / ".resolved").read_text().split()

    def modules(self) -> list[str]:
        return sorted(entry.name for entry in self.target.iterdir() if entry.suffix != ".dist-info" and entry.name != ".resolved")


@pytest.fixture(name="pod")
def pod_fixture(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def test_resolves_what_is_missing(index: tuple[str, dict[str, str]], pod: Pod) -> None:
    """What the image has is neither a pin nor installed, and need not be in the index."""
    url, hashes = index
    assert pod.run([f"Acme.Driver==1.2 --hash=sha256:{hashes['acme-driver']}", "packaging"], url + "/simple") == ("", "")
    assert pod.resolved() == ["acme-core==1.5", "acme-driver==1.2"]
    assert pod.modules() == ["acme_core", "acme_driver"]


def test_nothing_is_missing(index: tuple[str, dict[str, str]], pod: Pod) -> None:
    assert pod.run(["packaging"], index[0] + "/simple") == ("", "")
    assert pod.resolved() == [] and pod.modules() == []


def test_installs_pins_alone(index: tuple[str, dict[str, str]], pod: Pod) -> None:
    """Pods install what is pinned, and nothing that it needs."""
    assert pod.run(["acme-driver==1.2"], index[0] + "/simple", resolve=False) == ("", "")
    assert pod.modules() == ["acme_driver"]


def test_index_with_a_login(index: tuple[str, dict[str, str]], pod: Pod) -> None:
    url = index[0] + "/private"
    login = {"SUPERSET_OPERATOR_INDEX_USERNAME": "bi", "SUPERSET_OPERATOR_INDEX_PASSWORD": PASSWORD + "\n"}
    assert pod.run(["acme-core"], url, login) == ("", "")
    reason, message = pod.run(["acme-core"], url)
    assert reason == "PackagesUnresolved" and f"index {url} refuses access (401" in message and "authFrom" in message


@pytest.mark.parametrize(
    ("line", "reason", "words"),
    [
        ("needs-newer", "PackagesUnresolved", "needs-newer 1.0 depends on packaging>=999; the image has packaging=="),
        ("packaging<2", "PackagesUnresolved", "spec asks for packaging<2; the image has packaging=="),
        ("shadows", "PackagesUnresolved", "they would replace modules of the image (json, packaging)"),
        ("other-python", "PackagesUnresolved", "no other-python that runs with Python 3."),
        ("only-source", "PackagesUnresolved", "only-source only as source"),
        ("acme-core==9", "PackagesUnresolved", "no wheel of acme-core==9 for Python 3."),
        ("acme-core==9", "PackagesUnresolved", "but of 1.5: write one of these"),
        ("none-such", "PackagesUnresolved", "correct the name"),
        (
            "acme-core==1.5 --hash=sha256:" + "0a" * 32,
            "PackagesUnresolved",
            "the file of acme-core==1.5 in the index has none of the hashes in spec",
        ),
    ],
)
def test_what_cannot_be_resolved(index: tuple[str, dict[str, str]], pod: Pod, line: str, reason: str, words: str) -> None:
    got, message = pod.run([line], index[0] + "/simple")
    assert (got, words in message) == (reason, True), message


def test_index_that_does_not_answer(index: tuple[str, dict[str, str]], pod: Pod) -> None:
    """The message names the index, and is the same in each attempt."""
    for url, cause in (("http://127.0.0.1:9/simple", "[Errno 111] Connection refused"), (index[0] + "/broken", "503")):
        first, second = (pod.run(["acme-core"], url) for _ in range(2))
        assert first == second
        assert first[0] == "PackageIndexUnreachable" and f"index {url} does not answer" in first[1] and cause in first[1], first[1]


def test_too_many(monkeypatch: pytest.MonkeyPatch, index: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    monkeypatch.setattr(packages, "PINS_CHARACTERS", 10)
    pip = packages.Pip({"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SUPERSET_OPERATOR_INDEX_URL": index[0] + "/simple"}, tmp_path)
    with pytest.raises(packages.Failure, match="2 packages are missing, too many"):
        packages.resolve(pip, ["acme-driver"], tmp_path)


def test_namespace_packages_may_be_in_two_places(tmp_path: Path) -> None:
    image, folder = tmp_path / "image", tmp_path / "packages"
    for path in (
        "image/google/protobuf/__init__.py",
        "packages/google/cloud.py",
        "packages/bin/tool.py",
        "image/bin/tool.py",
        "image/a.cpython-311-x86_64-linux-gnu.so",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert list(packages.shadowed(folder, [image])) == []
    (folder / "google" / "protobuf").mkdir()
    (folder / "a.py").touch()
    assert list(packages.shadowed(folder, [image])) == ["a", "google.protobuf"]


def test_images_without_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    (tmp_path / "pip3").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert packages.Pip({}, tmp_path).command == [str(tmp_path / "pip3"), "--python", sys.executable]
    (tmp_path / "pip3").unlink()
    with pytest.raises(packages.Failure, match="the image has no pip"):
        packages.Pip({}, tmp_path)
