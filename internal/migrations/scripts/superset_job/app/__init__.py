# SPDX-License-Identifier: Apache-2.0
"""Superset's app, its configuration and its keys."""
