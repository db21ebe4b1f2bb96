# SPDX-License-Identifier: Apache-2.0
# expect: unbounded_by_nothing.py:5: cuBad: unbounded length: 'count' is no argument, limit or number

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "local",
        "args": [("bytes_in", "const void *data", "count"), ("value", "size_t size")],
        "doc": "Does it.",
    },
]
