# SPDX-License-Identifier: Apache-2.0
"""Copies of the database: backup, restore and rehearsal."""
