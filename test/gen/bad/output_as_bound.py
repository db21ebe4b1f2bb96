# SPDX-License-Identifier: Apache-2.0
# expect: output_as_bound.py:5: cuBad: output used as input: 'size' bounds 'data'

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "local",
        "args": [("bytes_in", "const void *data", "size"), ("out", "size_t *size")],
        "doc": "Does it.",
    },
]
