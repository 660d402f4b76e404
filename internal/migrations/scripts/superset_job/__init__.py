# SPDX-License-Identifier: Apache-2.0
"""The Python of the Jobs. It runs inside the images of Superset, with their Python and their packages."""
