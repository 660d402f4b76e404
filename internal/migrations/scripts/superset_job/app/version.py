# SPDX-License-Identifier: Apache-2.0
"""Compares the version of Superset in this image with spec.version.

The version is read from the file next to Superset's code that its installation writes and its
About page shows. The metadata of the package may belong to another installation in the same
image, so it is used only without that file.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re

from superset_job.report import JobError, Result, log
from superset_job.revisions.graph import superset_folder

# The numbers of a PEP 440 or semantic version: 6.0.0 of 6.0.0rc1, v6.0.0.post1 and 6.0.0-acme.2.
_NUMBERS = re.compile(r"v?(?:\d+!)?(\d+)(?:\.(\d+))?(?:\.(\d+))?(.*)", re.DOTALL)
_VERSION_CHARACTERS = 64

Numbers = tuple[int, int, int]


def check_version(result: Result) -> None:
    """Stores the version of the package in the result, and a note if it is accepted although it
    differs from spec.version. Raises JobError VersionMismatch if major, minor or patch differ."""
    package, wanted = installed(), os.environ.get("SUPERSET_OPERATOR_VERSION", "")
    if package:
        result.facts["package"] = package
    if wanted and (note := compare(package, wanted)):
        result.facts["versionNote"] = note
        log(note)


def compare(package: str | None, wanted: str) -> str | None:
    """A note if the version of the package differs from spec.version but is accepted. Raises
    JobError VersionMismatch."""
    found, asked = _numbers(package or ""), _numbers(wanted)
    if found is None:
        return f"the image does not say which version of Superset it has ({package or 'no version'}); spec.version is {wanted}"
    numbers, rest = found
    if numbers == (0, 0, 0):
        return f"the image has a development build of Superset ({package}), which cannot be compared with spec.version {wanted}"
    if asked is None or numbers != asked[0]:
        raise JobError(
            "VersionMismatch",
            f"the image has Superset {package}, but spec.version is {wanted}: name an image of {wanted} in spec.image"
            f" (a digest wins over tag and version: update or remove it), or set spec.version: {'.'.join(map(str, numbers))}",
        )
    return f"the image has Superset {package}; spec.version is {wanted}" if rest and package != wanted else None


def installed() -> str | None:
    """The version of the code that runs; None if it is not known."""
    file = superset_folder() / "static" / "version_info.json"
    try:
        version = json.loads(file.read_text(encoding="utf-8")).get("version")
        if isinstance(version, str) and version.strip():
            return version.strip()[:_VERSION_CHARACTERS]
    except (OSError, ValueError, AttributeError):
        pass  # an image may have been built without it
    try:
        return importlib.metadata.version("apache-superset")[:_VERSION_CHARACTERS]
    except importlib.metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[Numbers, str] | None:
    """Major, minor and patch, and the rest; None if it is no version."""
    if not (found := _NUMBERS.fullmatch(version.strip())):
        return None
    major, minor, patch, rest = found.groups()
    return (int(major), int(minor or 0), int(patch or 0)), rest
