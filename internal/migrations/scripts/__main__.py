# SPDX-License-Identifier: Apache-2.0
"""Runs a module of superset_job.jobs: python superset_job.pyz NAME [ARGUMENT...]."""

from __future__ import annotations

import runpy
import sys

if __name__ == "__main__":
    runpy.run_module(f"superset_job.jobs.{sys.argv.pop(1)}", run_name="__main__", alter_sys=True)
