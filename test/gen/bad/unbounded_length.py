# SPDX-License-Identifier: Apache-2.0
# expect: unbounded_length.py:5: cuBad: unbounded length: argument 'data' of kind 'bytes_in'

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "local",
        "args": [("bytes_in", "const void *data"), ("value", "size_t size")],
        "doc": "Does it.",
    },
]
