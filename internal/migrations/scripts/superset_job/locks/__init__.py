# SPDX-License-Identifier: Apache-2.0
"""Locks of a migration, and limits on how long it holds them."""
