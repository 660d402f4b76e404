# SPDX-License-Identifier: Apache-2.0
"""The Celery broker, its workers and beat."""
