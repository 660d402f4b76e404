# SPDX-License-Identifier: Apache-2.0
"""The schema revisions of an image: their graph, what they change, and running them."""
