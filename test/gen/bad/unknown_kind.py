# SPDX-License-Identifier: Apache-2.0
# expect: unknown_kind.py:5: cuBad: unknown kind 'values' of argument 'int x'

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "local",
        "args": [("values", "int x")],
        "doc": "Does it.",
    },
]
