# SPDX-License-Identifier: Apache-2.0
# expect: undocumented.py:5: cuBad: undocumented

CALLS = [
    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "local",
        "args": [],
        "doc": "",
    },
]
