# SPDX-License-Identifier: Apache-2.0
"""Installs Python packages into a folder of the pod by the image's pip: wheels only, and none of
what they need. Every pod of a release runs it before Superset, with pinned packages. In preflight
it first finds out what is missing in the image. It needs Python and pip 22.3 or newer."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote, urlsplit

UNREACHABLE, UNRESOLVED, INTERRUPTED = "PackageIndexUnreachable", "PackagesUnresolved", "Interrupted"
OWN_IMAGE = "or build an image of your own with the packages"
# The result of preflight has all pins: see superset_job/report/fit.py.
PINS_CHARACTERS = 800
MESSAGE_CHARACTERS = 480
_HASH = " --hash="
_VERSION = re.compile(r"[A-Za-z0-9.+!_-]+")


class Failure(Exception):
    """Why packages cannot be installed: a reason of the operator's, and a sentence for the user."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.message = reason, message


def canonical(line: str) -> str:
    """The normalized name of a package in a requirement or a pin (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~ ]", line, maxsplit=1)[0]).lower()


class Pip:
    """The pip of the image. Its output is shown without the password of the index."""

    def __init__(self, environment: dict[str, str], work: Path) -> None:
        self.command, self.log = _find_pip(), work / "pip.log"
        self.url = environment.get("SUPERSET_OPERATOR_INDEX_URL", "")
        self.password = environment.get("SUPERSET_OPERATOR_INDEX_PASSWORD", "").strip()
        self.environment = self._environment(environment)

    def _environment(self, environment: dict[str, str]) -> dict[str, str]:
        out = {**environment, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_NO_CACHE_DIR": "1"}
        if ca := environment.get("SUPERSET_OPERATOR_INDEX_CA"):
            out["PIP_CERT"] = ca
        if not self.url:
            return out
        for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
            out.pop(name, None)
        parts = urlsplit(self.url)
        user = environment.get("SUPERSET_OPERATOR_INDEX_USERNAME", "").strip()
        login = f"{quote(user, safe='')}:{quote(self.password, safe='')}@" if user or self.password else ""
        out["PIP_CONFIG_FILE"], out["PIP_INDEX_URL"] = os.devnull, parts._replace(netloc=login + parts.netloc).geturl()
        if parts.scheme == "http":
            out["PIP_TRUSTED_HOST"] = parts.netloc
        return out

    def redact(self, text: str) -> str:
        for secret in (self.password, quote(self.password, safe="")):
            text = text.replace(secret, "***") if secret else text
        return re.sub(r"(://)[^\s/@]*:[^\s/@]*@", r"\1***@", text)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*self.command, *arguments, f"--log={self.log}"], env=self.environment, capture_output=True, text=True, check=False
        )
        print(self.redact(done.stdout + done.stderr), end="", flush=True)
        return done

    def fetch(self, lines: Iterable[str], *arguments: str) -> None:
        """Runs pip for a file of requirements. Raises Failure."""
        lines = list(lines)
        requirements = self.log.with_name("requirements.txt")
        requirements.write_text("".join(line + "\n" for line in lines))
        done = self.run(*arguments, "--only-binary=:all:", "--retries=1", "--timeout=15", f"--requirement={requirements}")
        if done.returncode:
            raise self._failure(self.redact(done.stdout + done.stderr))

    def _failure(self, errors: str) -> Failure:
        log = self.redact(self.log.read_text()) if self.log.exists() else ""
        return _unreachable(log, self.url) or _conflict(errors) or self._missing(errors) or _wrong_hash(errors) or _other(errors)

    def _missing(self, errors: str) -> Failure | None:
        found = re.search(r"No matching distribution found for (\S+)", errors)
        if not found:
            return None
        line, name = found[1], canonical(found[1])
        here = f"Python {sys.version_info.major}.{sys.version_info.minor} on {os.uname().machine}"
        versions = re.search(r"from versions: (?!none)([^)]+)\)", errors)
        if versions:
            newest = ", ".join(versions[1].split(", ")[-5:])
            return Failure(UNRESOLVED, f"the index has no wheel of {line} for {here}, but of {newest}: write one of these, {OWN_IMAGE}")
        if self.run("index", "versions", name).returncode == 0:
            return Failure(
                UNRESOLVED, f"the index has {name} only as source, and no wheel of it for {here}: build an image of your own with it"
            )
        return Failure(UNRESOLVED, f"the index has no {name} that runs with {here}: correct the name, set packagesIndex, {OWN_IMAGE}")


def _find_pip() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    for name in ("pip", "pip3"):  # the image's environment may be without it
        if path := shutil.which(name):
            return [path, "--python", sys.executable]
    raise Failure(
        UNRESOLVED, "the image has no pip, which installs them: build an image of your own with the packages, and remove the field"
    )


def _unreachable(log: str, url: str) -> Failure | None:
    index = url or "that the image's pip is configured for"
    if refused := re.search(r"Could not fetch URL \S+: ((?:401|403)[^\n]*?) for url", log):
        message = (
            f"the package index {index} refuses access ({refused[1]}): set packagesIndex.authFrom to a Secret with username and password"
        )
        return Failure(UNRESOLVED, message)
    causes = re.findall(r"Could not fetch URL \S+: (?!404)(.*) - skipping|after connection broken by (.*)", log)
    if not causes:
        return None
    cause = next(filter(None, causes[-1]))
    # Without the addresses of objects, which are others in each attempt.
    exact = re.search(r"\[Errno -?\d+\][^'\")]*|\[SSL[^'\")]*|[\w ]*timed out|5\d\d [\w ]+", cause)
    certificate = "CERTIFICATE" in cause.upper()
    hint = "set packagesIndex.caFrom to the certificates to trust" if certificate else "check packagesIndex, proxies and NetworkPolicies"
    cause = _shorten(exact[0] if exact else re.sub(r"<[^>]*>(: )?", "", cause), 160)
    return Failure(UNREACHABLE, f"the package index {index} does not answer ({cause}): {hint}, {OWN_IMAGE}")


def _conflict(output: str) -> Failure | None:
    found = re.search(r"The conflict is caused by:\n((?: +.*\n)+)", output)
    if not found:
        return None
    causes = "; ".join(line.strip() for line in found[1].splitlines())
    causes = causes.replace("The user requested (constraint)", "the image has").replace("The user requested", "spec asks for")
    return Failure(UNRESOLVED, f"{causes}: packages never replace what the image has, so write a version that goes with it, {OWN_IMAGE}")


def _wrong_hash(output: str) -> Failure | None:
    if found := re.search(r"DO NOT MATCH THE HASHES.*?^ +(\S+) from .*?Got +([0-9a-f]{64})", output, re.DOTALL | re.MULTILINE):
        return Failure(
            UNRESOLVED, f"the file of {found[1]} in the index has none of the hashes in spec, but {found[2]}: find out which one is right"
        )
    return None


def _other(output: str) -> Failure:
    errors = [line.partition("ERROR: ")[2] for line in output.splitlines() if "ERROR: " in line]
    return Failure(UNRESOLVED, f"pip fails: {errors[-1] if errors else _shorten(output, 200)}")


def _shorten(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def installed() -> dict[str, str]:
    """The versions of what the image has, by normalized name."""
    out: dict[str, str] = {}
    for some in importlib.metadata.distributions():
        name, version = some.metadata["Name"], some.version
        if name and version and _VERSION.fullmatch(version):
            out.setdefault(canonical(name), version)
    return out


def resolve(pip: Pip, lines: list[str], work: Path) -> list[str]:
    """The pins of what the image lacks for the requirements, in alphabetical order, with the hashes
    of the requirements. Raises Failure."""
    constraints, report = work / "constraints.txt", work / "report.json"
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in installed().items()))
    wanted = [line.partition(_HASH)[0] for line in lines]
    pip.fetch(wanted, "install", "--dry-run", f"--report={report}", f"--constraint={constraints}")
    found = [item["metadata"] for item in json.loads(report.read_text())["install"]]
    pins = sorted(f"{canonical(some['name'])}=={some['version']}" for some in found)
    if len(" ".join(pins)) > PINS_CHARACTERS:
        message = f"{len(pins)} packages are missing, too many to install in every pod: build an image of your own with them"
        raise Failure(UNRESOLVED, message)
    hashes = {canonical(line): line.partition(_HASH)[2] for line in lines if _HASH in line}
    return [pin + (_HASH + hashes[canonical(pin)] if canonical(pin) in hashes else "") for pin in pins]


def install(pip: Pip, pins: list[str], work: Path, folder: Path) -> None:
    """Installs exactly the pins into the folder. Raises Failure.

    pip wants a hash for each line of a file or for none, so there are two files; what is in them is
    installed at once, because packages may share a folder."""
    wheels = work / "wheels"
    for some in ([pin for pin in pins if _HASH in pin], [pin for pin in pins if _HASH not in pin]):
        if some:
            pip.fetch(some, "download", "--no-deps", f"--dest={wheels}")
    done = pip.run("install", "--no-index", "--no-deps", f"--target={folder}", *map(str, sorted(wheels.glob("*.whl"))))
    if done.returncode:
        raise _other(pip.redact(done.stdout + done.stderr))
    own = Path(__file__).resolve().parent
    if names := list(shadowed(folder, [path for path in map(Path, filter(None, sys.path)) if path.resolve() != own])):
        message = f"they would replace modules of the image ({', '.join(names[:5])}): remove the package that contains them, {OWN_IMAGE}"
        raise Failure(UNRESOLVED, message)


def shadowed(folder: Path, paths: list[Path], prefix: str = "") -> Iterator[str]:
    """The modules in the folder that are also in one of the paths, or in Python itself. Parts of a
    namespace package may be in several places."""
    for entry in sorted(folder.iterdir()):
        name = entry.name.partition(".")[0]
        if not name.isidentifier() or name == "__pycache__" or not prefix and name == "bin" or not _is_module(entry):
            continue
        others = [other for path in paths for other in _modules(path, name)]
        if others and all(map(_is_namespace, [entry, *others])):
            yield from shadowed(entry, others, f"{prefix}{name}.")
        elif others or not prefix and name in sys.stdlib_module_names:
            yield prefix + name


def _modules(path: Path, name: str) -> list[Path]:
    if not path.is_dir():
        return []
    return [entry for entry in [path / name, *path.glob(name + ".*")] if _is_module(entry)]


def _is_module(entry: Path) -> bool:
    return entry.is_dir() and "." not in entry.name or entry.suffix in (".py", ".so")


def _is_namespace(entry: Path) -> bool:
    return entry.is_dir() and not any(entry.glob("__init__.*"))


def main(environment: dict[str, str]) -> None:
    lines = environment["SUPERSET_OPERATOR_PACKAGES"].splitlines()
    resolved = environment.get("SUPERSET_OPERATOR_RESOLVED")
    with tempfile.TemporaryDirectory(prefix="packages-") as name:
        work = Path(name)
        pip = Pip(environment, work)
        if resolved:
            lines = resolve(pip, lines, work)
            Path(resolved).write_text("".join(line.partition(_HASH)[0] + "\n" for line in lines))
        if lines:
            install(pip, lines, work, Path(environment["SUPERSET_OPERATOR_PACKAGES_DIR"]))
    print(f"installed: {' '.join(line.partition(_HASH)[0] for line in lines) or 'nothing, the image has all packages'}", flush=True)


def _stop(*_: object) -> NoReturn:
    raise Failure(INTERRUPTED, "stopped by SIGTERM, as when a node is drained or a pod is evicted; it can run again")


def run() -> int:
    """Runs main and writes why it fails as the termination message."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        main(dict(os.environ))
    except Failure as error:
        message = error.message if error.reason == INTERRUPTED else "spec.packages: " + error.message
        print(f"{error.reason}: {message}", flush=True)
        line = {"script": "packages", "reason": error.reason, "message": _shorten(message, MESSAGE_CHARACTERS)}
        with open(os.environ.get("SUPERSET_OPERATOR_RESULT_FILE", "/dev/termination-log"), "w") as file:
            file.write(json.dumps(line, ensure_ascii=False))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run())
