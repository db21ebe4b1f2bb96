# SPDX-License-Identifier: Apache-2.0
# expect: unknown_operation.py:5: cuBad: goes by unknown operation 'vgpuNothing'

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "local",
        "args": [],
        "doc": "Does it.",
        "via": ["vgpuNothing"],
    },
]
