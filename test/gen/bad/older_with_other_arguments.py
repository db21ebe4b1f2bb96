# SPDX-License-Identifier: Apache-2.0
# expect: older_with_other_arguments.py:10: cuBad_v2: 'cuBad' takes other arguments

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "local",
        "args": [("value", "int a")],
        "doc": "Does it.",
    },
    {
        "name": "cuBad_v2", "base": "cuBad", "since": 3020, "class": "local",
        "driver": "required", "driver_older": "cuBad", "args": [("value", "unsigned int a")],
        "doc": "Does it.",
    },
]
