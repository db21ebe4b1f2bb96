# SPDX-License-Identifier: Apache-2.0
# expect: not_literal.py:5: not a plain literal

CALLS = [
    {"name": "cu" + "Bad", "class": "local"},
]
