# SPDX-License-Identifier: Apache-2.0
# expect: output_as_input.py:5: cuBad: output used as input: 'value'

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "round_trip", "host": "manual",
        "args": [("out", "size_t *value")],
        "wire": {"args": [("u64", "value")], "ret": []},
        "doc": "Does it.",
    },
]
