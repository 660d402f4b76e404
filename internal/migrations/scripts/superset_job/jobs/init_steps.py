# SPDX-License-Identifier: Apache-2.0
"""The steps of spec.init inside Superset's app, as a child of migrate, which quotes the last line. The
argument is the file for their outcomes. The app is started once for all of them."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from superset_job.app.start import create_app
from superset_job.init.content import import_file, load_examples
from superset_job.init.steps import recording
from superset_job.init.user import create_admin
from superset_job.init.wanted import wanted
from superset_job.report import JobError


def main(outcomes: Path) -> None:
    spec, app = wanted(), create_app()
    with app.app_context():
        manager = app.appbuilder.sm
        if spec.adminUser:
            with recording(outcomes, "adminUser") as step:
                create_admin(manager, step)
        if spec.loadExamples:
            with recording(outcomes, "loadExamples") as step:
                load_examples(app.config, step)
        for number in range(len(spec.imports)):
            with recording(outcomes, f"importFrom[{number}]") as step:
                import_file(manager, number, step)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except JobError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        print(error.message)
        sys.exit(1)
