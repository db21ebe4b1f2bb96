# SPDX-License-Identifier: Apache-2.0
# expect: exempt_without_reason.py:5: cuBad: 'negatives' needs 'negatives_why'

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "local",
        "args": [],
        "doc": "Does it.",
        "negatives": 0,
    },
]
