# SPDX-License-Identifier: Apache-2.0
"""What a container of a Job runs: one module each."""
