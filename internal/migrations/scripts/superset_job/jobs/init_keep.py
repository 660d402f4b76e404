# SPDX-License-Identifier: Apache-2.0
"""superset init with spec.init.roles: Keep, as a child of migrate, which quotes the last line."""

from __future__ import annotations

from superset_job.app.start import create_app
from superset_job.init.roles import keeping


def main() -> None:
    app = create_app()
    with app.app_context():
        from superset.cli.main import init

        keeping(app.appbuilder.sm, lambda: init.main(args=[], prog_name="superset init", standalone_mode=False))


if __name__ == "__main__":
    main()
