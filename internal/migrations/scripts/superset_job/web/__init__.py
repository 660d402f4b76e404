# SPDX-License-Identifier: Apache-2.0
"""Requests to the web tier and to Prometheus."""
