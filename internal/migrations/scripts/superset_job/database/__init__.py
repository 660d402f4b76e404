# SPDX-License-Identifier: Apache-2.0
"""The metadata database: access, identity and rights."""
