# SPDX-License-Identifier: Apache-2.0
"""Re-encrypts stored secrets, as a child of migrate or downgrade, which quotes the last line."""

from __future__ import annotations

import sys
import traceback

from superset_job.app.secrets import reencrypt_here
from superset_job.report import JobError, describe

if __name__ == "__main__":
    try:
        reencrypt_here()
    except JobError as error:
        print(error.message)
        sys.exit(1)
    except Exception as error:
        traceback.print_exc()
        print(describe(error))
        sys.exit(1)
