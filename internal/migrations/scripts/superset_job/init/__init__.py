# SPDX-License-Identifier: Apache-2.0
"""spec.init: what migrate does after superset init. Read wanted.py and steps.py first."""
