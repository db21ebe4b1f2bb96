# SPDX-License-Identifier: Apache-2.0
# expect: duplicate_name.py:11: cuBad: duplicate name 'cuBad_ptsz', first in duplicate_name.py:5

CALLS = [
    {
        "name": "cuGood", "base": "cuGood", "since": 2000, "class": "local",
        "variants": [("cuBad_ptsz", 7000)], "args": [],
        "doc": "Does it.",
    },

    {
        "name": "cuBad", "base": "cuBad", "since": 2000, "class": "local",
        "variants": [("cuBad_ptsz", 7000)], "args": [],
        "doc": "Does it.",
    },
]
