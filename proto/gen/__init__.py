# SPDX-License-Identifier: Apache-2.0
"""Emits everything that can be derived from the call table in proto/api."""
