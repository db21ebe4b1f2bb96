# SPDX-License-Identifier: Apache-2.0
# expect: no_operation.py:5: cuBad: 'round_trip' and no operation: it wants 'host', or 'via' names operations

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "round_trip", "args": [],
        "doc": "Does it.",
    },
]
