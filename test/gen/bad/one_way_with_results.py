# SPDX-License-Identifier: Apache-2.0
# expect: one_way_with_results.py:5: vgpuBad: a one-way operation has no results

CALLS = [
    {
        "name": "vgpuBad", "class": "one_way", "host": "manual",
        "wire": {"args": [], "ret": [("u64", "x")]},
        "doc": "Does it.",
    },
]
